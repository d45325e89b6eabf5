# What "make bench" measures: a stack of Self-host in a folder of its own, and its peers InfluxDB and
# VictoriaMetrics with data folders there, on free ports of the loopback interface. Everything is
# stopped, and the peers' data removed, when the object goes or stop() is called.
package BenchStack;

use strict;
use warnings;

use File::Find;
use File::Path qw(remove_tree);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

# How long to wait for anything to start, to end or to come to rest, in seconds.
my $PATIENCE = 60;

# What selfctl prints.
my $LOG;

sub new
{
	my ($class, %options) = @_;    # top, dir, bindir
	$LOG = "$options{dir}/bench.log";
	return bless { %options, selfctl => "$options{top}/selfctl/selfctl", stack => "$options{dir}/selfhost", peers => {}, owner => $$ }, $class;
}

# The program whose output is waited for.
our $running = 0;

# The output of a program; dies when it fails.
sub capture
{
	my (@command) = @_;
	local $running = open(my $fh, '-|', @command) or die "bench: cannot run $command[0]: $!\n";
	local $/;
	my $out = <$fh>;
	close($fh) or die "bench: \"@command[0 .. ($#command < 1 ? $#command : 1)]\" failed\n";
	$out =~ s/\n+\z//;
	return $out;
}

# Ends the program that is waited for: the wait would last as long as it does.
sub interrupt
{
	kill 'TERM', $running if $running;
	return;
}

# As system(), what it prints goes to a log.
sub quietly
{
	my (@command) = @_;
	return system('sh', '-c', 'log=$1; shift; exec "$@" >>"$log" 2>&1', 'sh', $LOG, @command);
}

sub free_port
{
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0)
	  or die "bench: no free port: $!\n";
	return $socket->sockport;
}

# ---- Self-host ----

# Rates, connections: the client is one address with one token. PostgreSQL: as much memory as a plain
# table of this size needs to stay in its own cache, room for the WAL of a load, and checkpoints only where
# the benchmark asks for them.
sub start_selfhost
{
	my ($self) = @_;

	$self->{port} ||= free_port();
	quietly($self->{selfctl}, 'up', '--detach', '--dir', $self->{stack}, '--port', $self->{port}, '--domain', 'bench',
		(map { ('--set', $_) } 'rate_control.maxburst=1000000000', 'rate_control.req_per_hour=1000000000'),
		(map { ('--postgres-set', $_) } 'shared_buffers=1GB', 'max_wal_size=4GB', 'min_wal_size=2GB',
			'checkpoint_timeout=30min', 'jit=off')) == 0
	  or die "bench: the stack did not start:\n", capture('tail', '-n', '20', $LOG);
	my $status = decode_json(capture($self->{selfctl}, 'status', '--dir', $self->{stack}, '--json'));
	my $credentials = decode_json(do { local (@ARGV, $/) = ("$self->{stack}/credentials.json"); <> });
	$self->{status} = $status;
	$self->{url} = $status->{url};
	$self->{token} = $credentials->{token};
	$self->{authorization} = 'Basic ' . encode_base64("$credentials->{domain}:$credentials->{token}", '');
	$self->{conninfo} = $status->{postgres};
	return;
}

sub stop_selfhost
{
	my ($self) = @_;
	return unless -e "$self->{stack}/credentials.json" && $self->{status};
	quietly($self->{selfctl}, 'down', '--dir', $self->{stack});
	$self->{status} = undef;
	return;
}

sub psql
{
	my ($self, $text) = @_;
	local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
	return capture("$self->{bindir}/psql", '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $self->{conninfo}, '-c', $text);
}

# ---- peers ----

# Starts a program that ends when this one does, however it ends; returns when probe() is true.
sub start_peer
{
	my ($self, $name, $probe, @command) = @_;
	my $folder = "$self->{dir}/$name";
	my $pid = fork();
	die "bench: cannot fork: $!\n" unless defined $pid;
	if ($pid == 0)
	{
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>>', "$folder/log") or POSIX::_exit(126);
		open(STDERR, '>&', \*STDOUT);
		exec('setpriv', '--pdeathsig', 'KILL', @command) or POSIX::_exit(127);
	}
	$self->{peers}{$name} = { pid => $pid, folder => $folder };
	wait_until("$name to answer (see $folder/log)", sub {
		die "bench: $name has ended; see $folder/log\n" if waitpid($pid, WNOHANG) == $pid;
		return $probe->();
	});
	return $pid;
}

sub wait_until
{
	my ($what, $is_true) = @_;
	my $end = time() + $PATIENCE;
	until ($is_true->())
	{
		die "bench: gave up waiting for $what\n" if time() > $end;
		sleep(0.05);
	}
	return;
}

sub answers
{
	my ($url) = @_;
	return HTTP::Tiny->new(timeout => 2)->get($url)->{success};
}

# As it comes, but on free ports, without telling its makers and without a database of its own for
# monitoring. What is in memory is written, and shards are compacted, soon after the last write: the
# sizes are those that it has after hours otherwise.
sub start_influx
{
	my ($self) = @_;
	my ($port, $rpc) = (free_port(), free_port());
	my $folder = "$self->{dir}/influx";

	mkdir $folder or die "bench: cannot make $folder: $!\n";
	open(my $fh, '>', "$folder/influxdb.conf") or die "bench: cannot write $folder/influxdb.conf: $!\n";
	print $fh <<"END";
reporting-disabled = true
bind-address = "127.0.0.1:$rpc"
[meta]
  dir = "$folder/meta"
[data]
  dir = "$folder/data"
  wal-dir = "$folder/wal"
  query-log-enabled = false
  cache-snapshot-write-cold-duration = "5s"
  compact-full-write-cold-duration = "10s"
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "127.0.0.1:$port"
  log-enabled = false
END
	close($fh);
	$self->{influx} = "127.0.0.1:$port";
	$self->{influx_pid} = $self->start_peer('influx', sub { answers("http://$self->{influx}/ping") },
		'influxd', 'run', '-config', "$folder/influxdb.conf");
	return;
}

# name: of the folder; returns address and process id.
sub start_victoria
{
	my ($self, $name) = @_;
	my $address = '127.0.0.1:' . free_port();
	my $folder = "$self->{dir}/$name";

	mkdir $folder or die "bench: cannot make $folder: $!\n";
	my $pid = $self->start_peer($name, sub { answers("http://$address/health") },
		'victoria-metrics', "-storageDataPath=$folder/data", "-httpListenAddr=$address", '-retentionPeriod=100y',
		'-loggerLevel=WARN', '-http.connTimeout=1h');
	return ($address, $pid);
}

sub stop_peer
{
	my ($self, $name, %options) = @_;    # keep => 1: not its data
	my $peer = delete $self->{peers}{$name} or return;
	my $end = time() + $PATIENCE;

	kill 'TERM', $peer->{pid};
	until (waitpid($peer->{pid}, WNOHANG) != 0)
	{
		kill 'KILL', $peer->{pid} if time() > $end;
		sleep(0.05);
	}
	remove_tree($peer->{folder}) unless $options{keep};
	return;
}

# Waits until a peer does nothing any more, such as merging what it was given, or patience is at its end.
sub settle
{
	my ($self, $pid) = @_;
	my $end = time() + $PATIENCE;
	my $before = ticks($pid);

	while (time() < $end)
	{
		sleep(1);
		my $now = ticks($pid);
		return if $now - $before <= 2;
		$before = $now;
	}
	return;
}

# Processor time of a process, in hundredths of a second.
sub ticks
{
	my ($pid) = @_;
	open(my $fh, '<', "/proc/$pid/stat") or return 0;
	my $line = <$fh>;
	$line =~ s/^.*\)//;
	my @field = split(' ', $line);
	return $field[11] + $field[12];
}

# Bytes in the files below folders, without those whose path matches.
sub folder_bytes
{
	my ($without, @folders) = @_;
	my $bytes = 0;
	find(sub { $bytes += -s $_ if -f $_ && $File::Find::name !~ $without }, grep { -d $_ } @folders);
	return $bytes;
}

# ---- the end ----

sub stop
{
	my ($self) = @_;
	return unless $self->{owner} == $$;
	eval { $self->stop_peer($_); 1 } or warn $@ foreach keys %{ $self->{peers} };
	$self->stop_selfhost;
	return;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $@);
	$self->stop;
	return;
}

1;
