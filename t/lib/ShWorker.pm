# A selfpwrk beside the cluster and selfserv of a ShTest, and programs for it.
#
#   my $worker = ShWorker->new($sh, program => 'selfpwrk_test', conf => { 'workers.max_children' => 2 });
#   my $uuid = $worker->program('name', 'routine', $code, schedule => '* * * * * *', deadline => 1000);
#   my $run = $worker->run_of($uuid);    # the newest that is over: { state, error, log, ... }
package ShWorker;

use strict;
use warnings;

use IPC::Run;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);
use PostgreSQL::Test::Utils;
use Test::More;
use ShProcess;
use ShTest;

our @ISA = qw(ShProcess);

my $started = 0;

sub new
{
	my ($class, $sh, %options) = @_;
	my $self = bless {
		sh      => $sh,
		program => $options{program} || 'selfpwrk',
		# What the tests connect to is on this machine.
		conf    => { 'http.deny_networks' => '[]', %{ $options{conf} || {} } },
		flags   => $options{flags} || [],
	}, $class;

	$sh->{node}->safe_psql('postgres', 'ALTER ROLE selfhost_worker LOGIN');
	$self->start;
	return $self;
}

sub start
{
	my ($self) = @_;
	my $sh = $self->{sh};
	my $conf = "$sh->{dir}/selfpwrk.conf.yaml";

	$started++;
	$self->{log} = "$PostgreSQL::Test::Utils::log_path/selfpwrk_$sh->{name}_$started.log";
	ShTest::write_file($conf, "domainfile: $sh->{dir}/domains.yaml\npostgres:\n  user: selfhost_worker\n");
	my @set = map { ('--set', "$_=$self->{conf}{$_}") } sort keys %{ $self->{conf} };
	my $pid = fork();
	die "cannot fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>>', $self->{log}) or POSIX::_exit(126);
		open(STDERR, '>&', \*STDOUT);
		exec($self->{program}, '--config', $conf, @set, @{ $self->{flags} }) or POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	$self->wait_for_log(qr/waiting for runs/) if @{ $sh->{domains} || [] };
	$self->wait_for_log(qr/programs can run/);
	return;
}

sub log_text
{
	my ($self) = @_;
	return -e $self->{log} ? ShTest::read_file($self->{log}) : '';
}

sub wait_for_log
{
	my ($self, $pattern) = @_;
	$self->{sh}->wait_until("selfpwrk has logged $pattern", sub {
		die "selfpwrk has ended; see $self->{log}\n" . $self->log_text
		  if waitpid($self->{pid}, WNOHANG) == $self->{pid};
		return $self->log_text =~ $pattern;
	});
	return;
}

sub is_alive
{
	my ($self) = @_;
	return waitpid($self->{pid}, WNOHANG) == 0;
}

# Its exit status as waitpid gives it.
sub stop { my ($self, $signal) = @_; return $self->stop_process($signal); }

# Makes a program with one signed revision, and returns its UUID. Options: schedule, deadline,
# language, domain, token, unsigned.
sub program
{
	my ($self, $name, $type, $code, %options) = @_;
	my $sh = $self->{sh};
	my %as = map { exists $options{$_} ? ($_ => $options{$_}) : () } qw(domain token);
	my %body = (name => $name, type => $type, state => 'active',
		language => $options{language} || 'tengo', deadline => $options{deadline} || 10000);

	$body{schedule} = $options{schedule} || '* * * * * *';
	my $r = $sh->post('/v2/programs', \%body, %as);
	die "cannot create program: $r->{status} $r->{content}" if $r->{status} != 201;
	my $uuid = $r->{json}{uuid};
	$self->revision($uuid, $code, %options);
	return $uuid;
}

sub revision
{
	my ($self, $uuid, $code, %options) = @_;
	my $sh = $self->{sh};
	my %as = map { exists $options{$_} ? ($_ => $options{$_}) : () } qw(domain token);
	my $r = $sh->request('POST', "/v2/programs/$uuid/code", content => $code,
		content_type => 'text/plain; charset=utf-8', %as);
	die "cannot upload: $r->{status} $r->{content}" if $r->{status} != 201;
	return if $options{unsigned};
	$r = $sh->request('PUT', "/v2/programs/$uuid/revisions/$r->{json}{revision}/sign", %as);
	die "cannot sign: $r->{status} $r->{content}" if $r->{status} != 204;
	return;
}

sub query
{
	my ($self, $sql, $domain) = @_;
	my $sh = $self->{sh};
	return $sh->{node}->safe_psql($domain || $sh->{domain}, $sql);
}

# Waits for the first run of a program that is over; a hash of its columns.
sub run_of
{
	my ($self, $uuid, %options) = @_;
	my $text;
	$self->{sh}->wait_until("a run of $uuid is over", sub {
		$self->tick($options{domain});
		$text = $self->query(qq(
			SELECT to_json(r) FROM (
				SELECT id, kind, state, error, log, revision, worker_name,
					extract(epoch FROM finished - started) * 1000 AS ms
				FROM selfhost.program_run
				WHERE program_uuid = '$uuid' AND finished IS NOT NULL
				ORDER BY id LIMIT 1) r), $options{domain});
		return $text ne '';
	});
	return $ShTest::JSON->decode($text);
}

# Queues what is due, so that no test waits for whoever else does that.
sub tick
{
	my ($self, $domain) = @_;
	$self->query('SELECT selfhost.manager_tick()', $domain);
	return;
}

# Takes a program off the schedule.
sub switch_off
{
	my ($self, $uuid, %as) = @_;
	my $r = $self->{sh}->put("/v2/programs/$uuid", { state => 'inactive' }, %as);
	die "cannot switch off: $r->{status} $r->{content}" if $r->{status} !~ /^20/;
	return;
}

1;
