# HTTPS out of programs, in the sandbox: a server that the certificates vouch for; one of another name, and one
# that nobody vouches for.
use strict;
use warnings;

use IPC::Run;
use Test::More;
use ShTest;
use ShWorker;

my $sh = ShTest->new('https_programs');
my $dir = $sh->{dir};

sub openssl
{
	my (@arguments) = @_;
	my $said;
	IPC::Run::run([ 'openssl', @arguments ], '>', \$said, '2>&1') or die "openssl @arguments: $said";
	return;
}

# An authority; a server that it has signed for; one that has signed for itself.
openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=authority', '-keyout', "$dir/authority.key", '-out', "$dir/authority.pem");
openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=server', '-keyout', "$dir/good.key", '-out', "$dir/good.csr");
ShTest::write_file("$dir/names", "subjectAltName=DNS:localhost\n");
openssl('x509', '-req', '-in', "$dir/good.csr", '-CA', "$dir/authority.pem", '-CAkey', "$dir/authority.key", '-CAcreateserial', '-days', '2',
	'-extfile', "$dir/names", '-out', "$dir/good.pem");
openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=self', '-addext', 'subjectAltName=DNS:localhost',
	'-keyout', "$dir/self.key", '-out', "$dir/self.pem");

my @servers;
sub serve
{
	my ($name) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	push @servers, IPC::Run::start([ 'openssl', 's_server', '-accept', "127.0.0.1:$port", '-www', '-quiet', '-cert', "$dir/$name.pem", '-key', "$dir/$name.key" ],
		'<', \undef, '>', \my $out, '2>', \my $err);
	$sh->wait_until("$name listens", sub { return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) });
	return $port;
}
my ($good, $self) = map { serve($_) } qw(good self);

$ENV{SSL_CERT_FILE} = "$dir/authority.pem";
my $worker = ShWorker->new($sh);

sub run_once
{
	my ($name, $url) = @_;
	my $uuid = $worker->program($name, 'routine', <<"LUA", language => 'lua');
local http, log = import("http"), import("log")
local answer, why = http.get("$url")
log.info("%v", answer and answer.StatusCode or why)
LUA
	my $run = $worker->run_of($uuid);
	$worker->switch_off($uuid);
	is($run->{state}, 'succeeded', "$name: the program runs") or diag($run->{error});
	return $run->{log};
}

like(run_once('good', "https://localhost:$good/"), qr/info 200$/m, 'a server that the authority has signed for is trusted');
like(run_once('name', "https://127.0.0.1:$good/"), qr/info .*(?:name|match|certificate)/, 'not under another name');
like(run_once('unknown', "https://localhost:$self/"), qr/info .*(?:self.signed|certificate)/, 'nor one that nobody vouches for');
is($worker->stop, 0, 'selfpwrk stops');

# A file that cannot be read is no reason to trust nobody, or everybody.
$ENV{SSL_CERT_FILE} = "$dir/nowhere.pem";
my ($out, $err) = ('', '');
ShTest::write_file("$dir/x.lua", 'print(import("http").get("https://localhost/"))');
ok(!IPC::Run::run([ 'selfpwrk', 'run', "$dir/x.lua" ], '<', \undef, '>', \$out, '2>', \$err), 'certificates that cannot be read');
like($err, qr/cannot read the certificates in \S+nowhere\.pem: No such file/, 'are told');

foreach my $server (@servers) { $server->kill_kill; }
$sh->stop_selfserv;
done_testing();
