# Requests over sockets of the test's own: several at once, and answers that are waited for later.
#
#   my $socket = ShRaw::ask($sh, 'POST', '/v2/things', body => '{"name": "x"}');
#   my ($status, $text) = ShRaw::answer($socket);
package ShRaw;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Time::HiRes qw(time);
use ShTest;

# receive_buffer in bytes makes the client's side of TCP small.
sub connection
{
	my ($sh, $receive_buffer) = @_;
	my $socket = IO::Socket::INET->new(Proto => 'tcp') or die "cannot make a socket: $!";
	$socket->setsockopt(SOL_SOCKET, SO_RCVBUF, $receive_buffer) if $receive_buffer;
	connect($socket, Socket::pack_sockaddr_in($sh->{port}, Socket::inet_aton('127.0.0.1'))) or die "cannot connect: $!";
	return $socket;
}

# Sends a request and does not wait for the answer. Options: socket, receive_buffer, domain, headers (lines),
# body, type (of the body).
sub ask
{
	my ($sh, $method, $path, %options) = @_;
	my $socket = $options{socket} || connection($sh, $options{receive_buffer});
	my $body = $options{body} // '';
	my @headers = ('Host: localhost', 'Authorization: ' . $sh->authorization($sh->{token}, $options{domain}), @{ $options{headers} || [] });
	push @headers, 'Content-Type: ' . ($options{type} || 'application/json'), 'Content-Length: ' . length($body) if $body ne '';
	my $text = join("\r\n", "$method $path HTTP/1.1", @headers, '', $body);
	syswrite($socket, $text) == length($text) or die "cannot send: $!";
	return $socket;
}

# The status and the text of the next answer, which must have a Content-Length or no body; 'closed' without
# one, 'nothing' when none has come within so many seconds.
sub answer
{
	my ($socket, $seconds) = @_;
	my $end = time() + ($seconds // $ShTest::TIMEOUT);
	my $select = IO::Select->new($socket);
	my $text = '';
	while (!is_whole($text))
	{
		my $left = $end - time();
		return ('nothing', $text) unless $select->can_read($left > 0 ? $left : 0);
		return ('closed', $text) unless sysread($socket, $text, 65536, length($text));
	}
	my ($status) = $text =~ m{^HTTP/1\.1 (\d+)};
	return ($status, $text);
}

sub is_whole
{
	my ($text) = @_;
	return 0 unless $text =~ /\r\n\r\n/;
	my $head = $+[0];
	my ($length) = substr($text, 0, $head) =~ /^Content-Length: (\d+)/mi;
	return length($text) >= $head + ($length // 0);
}

# Seconds until the server has closed the connection; undef: it has not within these seconds.
sub closed_after
{
	my ($socket, $seconds) = @_;
	my $begin = time();
	while (time() < $begin + $seconds)
	{
		next unless IO::Select->new($socket)->can_read($begin + $seconds - time());
		return time() - $begin unless sysread($socket, my $buf, 65536);
	}
	return;
}

1;
