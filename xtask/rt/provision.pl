# Fills a fresh database with what the tests find there, and prints how to reach it as lines NAME=value.
#
# A user may do what he may through a group, as is usual in Request Tracker. `bridge` is the program's own user, `alice` a
# person, `mute` may read tickets and make them but not change one, and `powerless` may log in and nothing more.
use strict;
use warnings;
use RT -init;

my $system = RT->SystemUser;

sub sure {
    my ($what, $done, $why) = @_;
    die "$what: " . ($why // 'refused') . "\n" unless $done;
}

# Once in many thousand times RT says of a right that it was not granted, for no reason that it tells.
sub grant {
    my ($principal, $right, $queue, $what) = @_;
    my ($done, $why);
    for my $try (1 .. 3) {
        ($done, $why) = $principal->GrantRight(Right => $right, Object => $queue);
        return if $done;
    }
    sure($what, $done, $why);
}

sub named {
    my ($class, %fields) = @_;
    my $object = $class->new($system);
    sure("$class $fields{Name}", $object->Create(%fields));
    return $object;
}

# Pages of transactions are cut short without the last of the first.
my @reading = qw(SeeQueue ShowTicket ShowTicketComments CreateTicket SeeCustomField ShowOutgoingEmail);
my @rights = (@reading, qw(ModifyTicket ReplyToTicket CommentOnTicket OwnTicket TakeTicket StealTicket ModifyCustomField));

my @secret = map { sprintf '%02x', ord } split //, do {
    open my $random, '<:raw', '/dev/urandom' or die "urandom: $!\n";
    read $random, my $bytes, 16;
    $bytes;
};
my $password = join '', @secret;

my %user = map {
    $_->[0] => named('RT::User', Name => $_->[0], RealName => $_->[1], EmailAddress => "$_->[0]\@rt.test",
        Password => $password, Privileged => 1)
} (['bridge', 'Incident Bridge'], ['alice', 'Alice Operator'], ['mute', 'Mute Bridge'], ['powerless', 'Without Rights']);
$user{root} = RT::User->new($system);
sure('root', $user{root}->Load('root'));

my %group;
for my $pair (['Incident handlers', qw(bridge alice)], ['Incident readers', 'mute']) {
    my ($name, @members) = @$pair;
    my $group = RT::Group->new($system);
    sure("group $name", $group->CreateUserDefinedGroup(Name => $name));
    sure("member of $name", $group->AddMember($user{$_}->PrincipalId)) for @members;
    $group{$name} = $group;
}

# The two fields of the published extension, under its names.
my @fields = (
    named('RT::CustomField', Name => 'PagerDuty ID', Description => 'ID for the related incident on PagerDuty',
        Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket'),
    named('RT::CustomField', Name => 'PagerDuty URL', Description => 'URL to view the incident on PagerDuty',
        Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket', LinkValueTo => '__CustomField__'),
);

# One queue for each test that wants it for itself, one that the fields are not applied to, one that is switched off.
my @numbered = map { sprintf 'Lab %02d', $_ } 1 .. 80;
for my $name ('Incidents', 'Second', 'Bare', 'Closed', @numbered) {
    my $queue = named('RT::Queue', Name => $name, Description => "Queue $name of the tests");
    for my $field ($name eq 'Bare' ? () : @fields) {
        sure("field in $name", $field->AddToObject($queue));
    }
    for my $granted (['Incident handlers', @rights], ['Incident readers', @reading]) {
        my ($who, @what) = @$granted;
        my $principal = $group{$who}->PrincipalObj;
        grant($principal, $_, $queue, "$_ in $name") for @what;
    }
    sure("closing $name", $queue->SetDisabled(1)) if $name eq 'Closed';
}

my %token;
for my $name (sort keys %user) {
    my ($done, $why, $token) =
        RT::AuthToken->new($system)->Create(Owner => $user{$name}->Id, Description => 'tests');
    sure("token of $name", $done, $why);
    $token{$name} = $token;
}

my %told = (
    RT_TOKEN => $token{bridge},
    RT_QUEUE => 'Incidents',
    RT_TEST_PASSWORD => $password,
    RT_TEST_VERSION => $RT::VERSION,
    RT_TEST_QUEUES => join(',', @numbered),
    map({ ('RT_TEST_' . uc($_) . '_TOKEN' => $token{$_}) } grep { $_ ne 'bridge' } keys %token),
);
print "$_=$told{$_}\n" for sort keys %told;
