# A complete Self-host for a test: a PostgreSQL cluster with the extension in the database of one
# domain, and selfserv in front of it.
#
#   my $sh = ShTest->new('name', conf => { 'log.level' => 'debug' });
#   my $r = $sh->get('/v2/users/me');              # as root
#   my $r = $sh->post('/v2/things', { name => 'x' }, token => $user->{token});
#   is($r->{status}, 200); $r->{json}{uuid}; $r->{headers}{'content-type'};
package ShTest;

use strict;
use warnings;

use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ShProcess;
use Test::More;

our $JSON = JSON::PP->new->utf8->canonical->allow_nonref;

our @ISA = qw(ShProcess);
our $TIMEOUT = $ShProcess::TIMEOUT;

sub new
{
	my ($class, $name, %options) = @_;
	my $self = bless {
		name   => $name,
		domain => 'test',
		# Tests ask often; those of the rates set their own.
		conf   => { 'rate_control.maxburst' => 1000000, 'auth.failures_burst' => 1000000, %{ $options{conf} || {} } },
		dir    => PostgreSQL::Test::Utils::tempdir(),
	}, $class;

	$self->{node} = PostgreSQL::Test::Cluster->new($name);
	$self->{node}->init(allows_streaming => $options{allows_streaming});
	$self->{node}->append_conf('postgresql.conf', $options{postgres}) if $options{postgres};
	$self->{node}->start;
	$self->{token} = $self->create_domain($self->{domain});
	$self->start_selfserv unless $options{no_selfserv};
	return $self;
}

# Makes a database with the extension and adds it to the domains; returns root's token.
sub create_domain
{
	my ($self, $domain) = @_;
	my $node = $self->{node};

	$node->safe_psql('postgres', qq(CREATE DATABASE "$domain"));
	$node->safe_psql($domain, 'CREATE EXTENSION selfhost');
	$node->safe_psql($domain, 'ALTER ROLE selfhost_gateway LOGIN');
	push @{ $self->{domains} }, $domain;
	$self->write_domains;
	return $node->safe_psql($domain, 'SELECT selfhost.init()');
}

sub write_domains
{
	my ($self) = @_;
	my $node = $self->{node};
	my $text = "domains:\n";
	$text .= sprintf("  %s: host=%s port=%d dbname=%s user=selfhost_gateway\n",
		$_, $node->host, $node->port, $_)
	  for @{ $self->{domains} || [] };
	write_file("$self->{dir}/domains.yaml", $text);
	return;
}

sub write_file
{
	my ($file, $text) = @_;
	open(my $fh, '>', "$file.new") or die "cannot write $file.new: $!";
	print $fh $text;
	close($fh) or die "cannot write $file.new: $!";
	rename("$file.new", $file) or die "cannot rename $file.new: $!";
	return;
}

sub read_file
{
	my ($file) = @_;
	open(my $fh, '<', $file) or die "cannot read $file: $!";
	local $/;
	my $text = <$fh>;
	close($fh);
	return $text;
}

# Starts selfserv and waits until it answers.
sub start_selfserv
{
	my ($self) = @_;

	$self->{port} ||= PostgreSQL::Test::Cluster::get_free_port();
	$self->{log} = "$PostgreSQL::Test::Utils::log_path/selfserv_$self->{name}.log";
	write_file("$self->{dir}/selfserv.conf.yaml",
		"listen:\n  host: 127.0.0.1\n  port: $self->{port}\ndomainfile: $self->{dir}/domains.yaml\n");

	my @set = map { ('--set', "$_=$self->{conf}{$_}") } sort keys %{ $self->{conf} };
	my $pid = fork();
	die "cannot fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>>', $self->{log}) or POSIX::_exit(126);
		open(STDERR, '>&', \*STDOUT);
		exec('selfserv', '--config', "$self->{dir}/selfserv.conf.yaml", @set) or POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	$self->wait_until('selfserv answers', sub {
		die "selfserv has ended; see $self->{log}" if waitpid($pid, WNOHANG) == $pid;
		my $r = HTTP::Tiny->new(timeout => 5)->get($self->url('/status'));
		return $r->{status} == 200;
	});
	return;
}

# Sends a signal (TERM) and returns the exit status as waitpid gives it.
sub stop_selfserv { my ($self, $signal) = @_; return $self->stop_process($signal); }

# Starts selfserv anew, with these keys beside those of new(). One thread, where numbers matter that threads
# share.
sub restart_with
{
	my ($self, %conf) = @_;
	is($self->stop_selfserv, 0, 'selfserv stops') if $self->{pid};
	$self->{standard} ||= $self->{conf};
	$self->{conf} = { %{ $self->{standard} }, threads => 1, %conf };
	$self->start_selfserv;
	return;
}

sub url
{
	my ($self, $path) = @_;
	return "http://127.0.0.1:$self->{port}$path";
}

sub authorization
{
	my ($self, $token, $domain) = @_;
	return 'Basic ' . encode_base64(($domain // $self->{domain}) . ':' . $token, '');
}

# One request. Options: token (undef: none; default root's), domain, headers, content (bytes),
# content_type, json (encoded as the body), agent. Returns HTTP::Tiny's answer with {json} decoded.
sub request
{
	my ($self, $method, $path, %options) = @_;
	my %headers = %{ $options{headers} || {} };
	my %args;

	my $token = exists $options{token} ? $options{token} : $self->{token};
	$headers{Authorization} = $self->authorization($token, $options{domain}) if defined $token;
	if (exists $options{json})
	{
		$args{content} = $JSON->encode($options{json});
		$headers{'Content-Type'} = 'application/json';
	}
	if (exists $options{content})
	{
		$args{content} = $options{content};
		$headers{'Content-Type'} = $options{content_type} || 'application/json';
	}
	$args{headers} = \%headers;

	my $agent = $options{agent} || ($self->{agent} ||= HTTP::Tiny->new(timeout => $TIMEOUT));
	my $r = $agent->request($method, $self->url($path), \%args);
	$r->{json} = $JSON->decode($r->{content})
	  if ($r->{headers}{'content-type'} // '') =~ m{^application/(problem\+)?json}
	  && length($r->{content} // '') && !$r->{headers}{'content-encoding'};
	return $r;
}

sub get    { my ($self, $path, %o) = @_; return $self->request('GET', $path, %o); }
sub delete { my ($self, $path, %o) = @_; return $self->request('DELETE', $path, %o); }

sub post
{
	my ($self, $path, $json, %o) = @_;
	return $self->request('POST', $path, json => $json, %o);
}

sub put
{
	my ($self, $path, $json, %o) = @_;
	return $self->request('PUT', $path, json => $json, %o);
}

# Makes a user with a token: { uuid, name, group (personal group's uuid), token }.
sub create_user
{
	my ($self, $name) = @_;
	my $user = $self->post('/v2/users', { name => $name });
	die "cannot create user $name: $user->{status} $user->{content}" if $user->{status} != 201;
	my $token = $self->post("/v2/users/$user->{json}{uuid}/tokens", { name => 'test' });
	die "cannot create token: $token->{status} $token->{content}" if $token->{status} != 201;
	return {
		uuid  => $user->{json}{uuid},
		name  => $name,
		group => $user->{json}{groups}[0]{uuid},
		token => $token->{json}{secret},
	};
}

# Gives a group a policy; returns its uuid.
sub create_policy
{
	my ($self, $group, $effect, $action, $resource) = @_;
	my $r = $self->post('/v2/policies', {
		group_uuid => $group, priority => 0, effect => $effect,
		action => $action, resource => $resource });
	die "cannot create policy: $r->{status} $r->{content}" if $r->{status} != 201;
	return $r->{json}{uuid};
}

# What a query answers, or undef while the server does not answer: psql's end before it has read its
# script is an exception of IPC::Run (broken pipe).
sub ask
{
	my ($self, $database, $sql) = @_;
	my ($status, $out) = eval { $self->{node}->psql($database, $sql) };
	return defined $status && $status == 0 ? $out : undef;
}

sub psql
{
	my ($self, $sql) = @_;
	return $self->{node}->safe_psql($self->{domain}, $sql);
}

# Resident memory of selfserv in KiB.
sub rss
{
	my ($self) = @_;
	my ($kb) = read_file("/proc/$self->{pid}/status") =~ /^VmRSS:\s+(\d+) kB/m;
	return $kb;
}

1;
