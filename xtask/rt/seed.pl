# Adds many tickets to a queue, as if people had made them: `seed.pl DATABASE QUEUE NUMBER`.
#
# Straight into the tables, because the ordinary way takes a tenth of a second for each. A tenth of them is open, and the
# rest was resolved; each has the rows that a ticket has: its watchers' groups, and its transactions.
use strict;
use warnings;
use DBI;
use POSIX qw(strftime);

my ($database, $queue, $number) = @ARGV;
my $db = DBI->connect("dbi:SQLite:dbname=$database", '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
$db->do('PRAGMA synchronous = OFF');
$db->begin_work;

my ($queue_id) = $db->selectrow_array('SELECT id FROM Queues WHERE Name = ?', undef, $queue);
die "there is no queue $queue\n" unless $queue_id;
my ($alice) = $db->selectrow_array("SELECT id FROM Users WHERE Name = 'alice'");
my ($nobody) = $db->selectrow_array("SELECT id FROM Users WHERE Name = 'Nobody'");
my ($ticket) = $db->selectrow_array('SELECT coalesce(max(id), 0) FROM Tickets');
my ($principal) = $db->selectrow_array('SELECT max(id) FROM Principals');

my $never = '1970-01-01 00:00:00';
my $add_ticket = $db->prepare(qq{
    INSERT INTO Tickets (id, EffectiveId, Queue, Type, Owner, Subject, Status, Started, Starts, Due, Resolved,
        Creator, Created, LastUpdatedBy, LastUpdated)
    VALUES (?, ?, ?, 'ticket', ?, ?, ?, ?, '$never', '$never', ?, ?, ?, ?, ?)});
my $add_principal = $db->prepare('INSERT INTO Principals (id, PrincipalType, Disabled) VALUES (?, ?, 0)');
my $add_group = $db->prepare(q{INSERT INTO Groups (id, Name, Domain, Instance) VALUES (?, ?, 'RT::Ticket-Role', ?)});
my $add_cached = $db->prepare(q{
    INSERT INTO CachedGroupMembers (GroupId, MemberId, ImmediateParentId, Via, Disabled) VALUES (?, ?, ?, 0, 0)});
my $add_member = $db->prepare('INSERT INTO GroupMembers (GroupId, MemberId) VALUES (?, ?)');
my $add_transaction = $db->prepare(q{
    INSERT INTO Transactions (ObjectType, ObjectId, Type, Field, OldValue, NewValue, Creator, Created)
    VALUES ('RT::Ticket', ?, ?, ?, ?, ?, ?, ?)});

# The newest of them is a day old, so that none of them is news.
my $start = time() - 86_400 - 60 * $number;
for my $count (1 .. $number) {
    my $made = strftime('%Y-%m-%d %H:%M:%S', gmtime($start + 60 * $count));
    my $status = $count % 10 ? 'resolved' : 'open';
    $ticket++;
    my $over = $status eq 'resolved' ? $made : $never;
    my $subject = "Ticket $count of many";
    $add_ticket->execute($ticket, $ticket, $queue_id, $nobody, $subject, $status, $made, $over, ($alice, $made) x 2);
    for my $role (qw(Requestor Cc AdminCc Owner)) {
        $principal++;
        $add_principal->execute($principal, 'Group');
        $add_group->execute($principal, $role, $ticket);
        $add_cached->execute($principal, $principal, $principal);
    }
    # The last of them holds the owner.
    $add_member->execute($principal, $nobody);
    $add_cached->execute($principal, $nobody, $principal);
    $add_transaction->execute($ticket, 'Create', undef, undef, undef, $alice, $made);
    $add_transaction->execute($ticket, 'Status', 'Status', 'new', $status, $alice, $made);
}
$db->commit;
