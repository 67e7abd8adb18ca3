#!/usr/bin/perl
# Has Request Tracker 5 tell Pagebridge at once when a ticket changes, by a scrip. Written by `pagebridge export rt-scrip`.
#
# Run it on Request Tracker's own machine as a user who may read its configuration, such as root:
#
#   perl rt-scrip.pl              installs the scrip, or brings it up to date; may be run as often as you like
#   perl rt-scrip.pl --uninstall  removes it
#
# If Perl does not find RT.pm, say where its library is: perl -I/path/to/rt5/lib rt-scrip.pl
#
# Pagebridge finds every change without the scrip too, only some seconds later. Posts that are lost lose nothing.
use strict;
use warnings;

BEGIN {
    push @INC, grep { -d } qw(/opt/rt5/local/lib /opt/rt5/lib /usr/local/share/request-tracker5/lib
        /usr/share/request-tracker5/lib);
}
use RT -init;

my $name   = 'Pagebridge: tell of changes';
my @queues = (@QUEUES@);
my $code   = <<'SCRIP';
# Written by `pagebridge export rt-scrip`; changes made here are lost when it is run again.
# It runs once per request, after the commit, and must never get in the way of whoever changed the ticket.
my ($url, $token_file) = (@URL@, @TOKEN_FILE@);
eval {
    my $ticket = $self->TicketObj;
    my @changes = map { { id => $_->Id + 0, type => $_->Type, field => $_->Field } }
        grep { $_->Type ne 'EmailRecord' } @{ $ticket->TransactionBatch || [] };
    if (@changes) {
        open my $file, '<', $token_file or die "cannot read the token in $token_file: $!\n";
        my $token = <$file> // '';
        close $file;
        $token =~ s/^\s+|\s+$//g;
        die "the token file $token_file is empty\n" if $token eq '';
        require JSON;
        require LWP::UserAgent;
        my $body = JSON->new->utf8->canonical->encode({
            ticket => $ticket->Id + 0, queue => $ticket->QueueObj->Name, status => $ticket->Status,
            transactions => \@changes,
        });
        my $agent  = LWP::UserAgent->new(timeout => 5, max_redirect => 0, agent => 'RT scrip of Pagebridge');
        my $answer = $agent->post($url, 'Content-Type' => 'application/json',
            Authorization => "Bearer $token", Content => $body);
        die $answer->status_line . "\n" unless $answer->is_success;
    }
    1;
} or do {
    chomp(my $why = $@ || 'unknown');
    RT->Logger->error('Pagebridge was not told that ticket ' . $self->TicketObj->Id . " has changed: $why");
};
return 1;
SCRIP

my $uninstall = @UNINSTALL@ || grep { $_ eq '--uninstall' } @ARGV;
die "usage: perl $0 [--uninstall]\n" if grep { $_ ne '--uninstall' } @ARGV;

my %wanted = (
    ScripCondition => 'On Transaction', ScripAction => 'User Defined', Template => 'Blank',
    CustomPrepareCode => "return 1;\n", CustomCommitCode => $code,
);
my $system = RT->SystemUser;

# Batches are on unless somebody has switched them off.
die "set \$UseTransactionBatch to 1 in RT's configuration; without it such a scrip never runs\n"
    unless $uninstall || RT->Config->Get('UseTransactionBatch');

sub sure {
    my ($what, $done, $why) = @_;
    die "$what: " . ($why // 'refused') . "\n" unless $done;
    return $done;
}

# The queues that the scrip is to work in; 0 stands for all.
my @places = @queues ? map {
    my $queue = RT::Queue->new($system);
    $queue->Load($_);
    sure("there is no queue `$_`", $queue->Id && !$queue->Disabled, 'name one that is there and not switched off');
    $queue->Id + 0;
} @queues : (0);

# Where a scrip works, and at which stage.
sub places {
    my ($scrip) = @_;
    my $added = RT::ObjectScrips->new($system);
    $added->LimitToScrip($scrip->Id);
    return join ' ', sort map { $_->ObjectId . '/' . $_->Stage } @{ $added->ItemsArrayRef };
}

sub is_as_wanted {
    my ($scrip) = @_;
    return !$scrip->Disabled
        && ($scrip->ConditionObj->Name // '') eq $wanted{ScripCondition}
        && ($scrip->ActionObj->Name // '') eq $wanted{ScripAction}
        && ($scrip->Template // '') eq $wanted{Template}
        && ($scrip->CustomPrepareCode // '') eq $wanted{CustomPrepareCode}
        && ($scrip->CustomCommitCode // '') eq $wanted{CustomCommitCode}
        && places($scrip) eq join ' ', sort map { "$_/TransactionBatch" } @places;
}

sub install {
    my $scrip = RT::Scrip->new($system);
    my ($first, @more) = @places;
    sure('the scrip cannot be made',
        $scrip->Create(Description => $name, Queue => $first, Stage => 'TransactionBatch', %wanted));
    for my $queue (@more) {
        sure("the scrip cannot be applied to queue $queue",
            $scrip->AddToObject(ObjectId => $queue, Stage => 'TransactionBatch'));
    }
    sure('the scrip was not stored as it was given', is_as_wanted($scrip), 'report this as a bug of Pagebridge');
}

RT->DatabaseHandle->BeginTransaction;
my $done = eval {
    my $scrips = RT::Scrips->new($system);
    $scrips->UnLimit;
    $scrips->FindAllRows;
    my @there = grep { ($_->Description // '') eq $name } @{ $scrips->ItemsArrayRef };
    my ($good) = $uninstall ? () : grep { is_as_wanted($_) } @there;
    my @stale = grep { !$good || $_->Id != $good->Id } @there;
    sure('scrip ' . $_->Id . ' cannot be removed', $_->Delete) for @stale;
    my $text =
          $uninstall ? (@stale ? 'the scrip was removed' : 'there was no scrip to remove')
        : $good      ? 'the scrip is there already, as it should be'
        : @stale     ? 'the scrip was brought up to date'
        :              'the scrip was installed';
    install() unless $good || $uninstall;
    $text;
};
if (!defined $done) {
    my $why = $@;
    RT->DatabaseHandle->Rollback;
    die "nothing was changed: $why";
}
RT->DatabaseHandle->Commit;
print "$done\n";
