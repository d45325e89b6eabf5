# An HTTP server that behaves in every way, for test_host_http.c, and two servers with TLS. Prints one
# line: the ports of the three, and the file with the certificate that is trusted. Ends with its input.
use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use Socket qw(MSG_PEEK);

$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = 'IGNORE';
setpgrp(0, 0);
my $dir = tempdir(CLEANUP => 1);

sub openssl
{
	open(my $out, '-|', "openssl @_ 2>&1") or die "cannot start openssl: $!";
	my @lines = <$out>;
	close $out;
	return;
}

# A certificate that is trusted, and one that nobody vouches for.
for my $name ('good', 'bad')
{
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', "/CN=$name.test",
		'-addext', "subjectAltName=DNS:$name.test,IP:127.0.0.1", '-keyout', "$dir/$name.key", '-out', "$dir/$name.crt");
}

sub start_tls
{
	my ($name) = @_;
	my $pid = open(my $out, '-|', "exec openssl s_server -accept 127.0.0.1:0 -www -cert $dir/$name.crt -key $dir/$name.key 2>&1 </dev/null")
	  // die "cannot start openssl: $!";
	while (my $line = <$out>)
	{
		return ($1, $out) if $line =~ /^ACCEPT .*:(\d+)$/;
	}
	die "openssl s_server does not listen";
}

my ($good_port, $good) = start_tls('good');
my ($bad_port, $bad) = start_tls('bad');
my $listener = IO::Socket::INET->new(Listen => 50, LocalAddr => '127.0.0.1', LocalPort => 0) or die "cannot listen: $!";
my $port = $listener->sockport;
$| = 1;
print "$port $good_port $bad_port $dir/good.crt\n";

sub answer
{
	my ($client, $status, $body, @headers) = @_;
	print $client join("\r\n", "HTTP/1.1 $status X", 'Content-Length: ' . length($body), @headers, '', $body);
	return;
}

sub redirect
{
	my ($client, $status, $location) = @_;
	answer($client, $status, '', "Location: $location");
	return;
}

sub endless
{
	my ($client, $piece, $pause) = @_;
	while (print $client $piece)
	{
		select(undef, undef, undef, $pause) if $pause;
	}
	return;
}

my %pages = (
	'/early' => sub { },
	'/garbage' => sub { print { $_[0] } "this is not HTTP\r\n\r\n" },
	'/short' => sub { print { $_[0] } "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789" },
	'/silent' => sub { my ($client) = @_; <$client> },
	'/drip' => sub { print { $_[0] } "HTTP/1.1 200 OK\r\n\r\n"; endless($_[0], 'x', 0.02) },
	'/huge' => sub { print { $_[0] } "HTTP/1.1 200 OK\r\n\r\n"; endless($_[0], 'x' x 65536) },
	'/heads' => sub { print { $_[0] } "HTTP/1.1 200 OK\r\n"; endless($_[0], 'X-Head: ' . 'y' x 1000 . "\r\n") },
	'/chunked' => sub { print { $_[0] } "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" },
	'/continue' => sub { print { $_[0] } "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"; answer($_[0], 200, 'after') },
	'/names' => sub { answer($_[0], 200, '', 'x-lower: a', 'SET-COOKIE: 1', 'Set-Cookie: 2', 'Empty:') },
	'/loop' => sub { redirect($_[0], 302, '/loop') },
	'/see' => sub { redirect($_[0], 303, '/echo') },
	'/found' => sub { redirect($_[0], 302, '/echo') },
	'/temporary' => sub { redirect($_[0], 307, '/echo') },
	'/elsewhere' => sub { redirect($_[0], 307, "http://other.test:$port/echo") },
	'/inside' => sub { redirect($_[0], 302, "http://denied.test:$port/echo") },
	'/file' => sub { redirect($_[0], 302, 'file:///etc/passwd') },
);

sub serve
{
	my ($client) = @_;
	# TLS has no lines that would end.
	defined(recv($client, my $first, 1, MSG_PEEK)) or return;
	return if $first !~ /^[A-Z]/;
	while (defined(my $request = <$client>))
	{
		my ($method, $target) = $request =~ /^(\S+) (\S+)/ or return;
		my (@headers, $length);
		while (defined(my $line = <$client>))
		{
			$line =~ s/\r?\n//;
			last if $line eq '';
			push @headers, $line;
			$length = $1 if $line =~ /^Content-Length: (\d+)/i;
		}
		my $body = '';
		read($client, $body, $length) if $length;
		my ($path) = $target =~ /^([^?]*)/;
		if (my $page = $pages{$path})
		{
			$page->($client);
			return if $path =~ /early|garbage|short|silent|drip|huge|heads/;
		}
		elsif ($path =~ m{^/status/(\d+)}) { answer($client, $1, "status $1") }
		elsif ($path =~ m{^/hops/(\d+)}) { redirect($client, 302, $1 == 0 ? '/echo' : 'http://hop' . ($1 - 1) . ".test:$port/hops/" . ($1 - 1)) }
		elsif ($path =~ m{^/size/(\d+)}) { answer($client, 200, 'x' x $1) }
		else { answer($client, 200, join('|', "$method $target", sort(grep { !/^(Accept|Host)/ } @headers), $body)) }
	}
	return;
}

my $select = IO::Select->new($listener, \*STDIN);
while (1)
{
	my @ready = $select->can_read;
	last if grep { $_ == \*STDIN } @ready;
	next unless grep { $_ == $listener } @ready;
	my $client = $listener->accept or next;
	my $pid = fork // die "cannot fork: $!";
	if ($pid == 0)
	{
		$client->autoflush(1);
		serve($client);
		# The folder is the first process'.
		require POSIX;
		POSIX::_exit(0);
	}
	close $client;
}
$SIG{TERM} = 'IGNORE';
kill 'TERM', -$$;
