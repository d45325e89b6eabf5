# A program that a test has started: its process id is $self->{pid} while it runs.
package ShProcess;

use strict;
use warnings;

use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);
use PostgreSQL::Test::Utils;

# How long to wait for anything, in seconds.
our $TIMEOUT = $PostgreSQL::Test::Utils::timeout_default || 180;

# Polls until the code returns true; dies after $TIMEOUT seconds.
sub wait_until
{
	my ($self, $what, $code) = @_;
	my $end = time() + $TIMEOUT;
	while (time() < $end)
	{
		my $result = $code->();
		return $result if $result;
		sleep(0.05);
	}
	die "timed out waiting until $what";
}

# Sends a signal (TERM) and returns the exit status as waitpid gives it.
sub stop_process
{
	my ($self, $signal) = @_;
	my $pid = delete $self->{pid} or return;
	my $status;

	kill($signal || 'TERM', $pid);
	$self->wait_until("process $pid has ended", sub {
		return 0 if waitpid($pid, WNOHANG) != $pid;
		$status = $?;
		return 1;
	});
	return $status;
}

sub DESTROY
{
	my ($self) = @_;
	local $?;
	if (my $pid = delete $self->{pid})
	{
		kill('KILL', $pid);
		waitpid($pid, 0);
	}
	return;
}

1;
