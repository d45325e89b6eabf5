# HTTPS: requests, streams, uploads; another certificate without a restart; what is wrong is told.
use strict;
use warnings;

use IPC::Run;
use Test::More;
use ShTest;

my $sh = ShTest->new('https', no_selfserv => 1);
my $dir = $sh->{dir};
my ($out, $err);

sub make_certificate
{
	my ($name) = @_;
	ok(IPC::Run::run([ 'openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', "/CN=$name",
		'-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', "$dir/$name.key", '-out', "$dir/$name.pem" ],
		'>', \$out, '2>', \$err), "a certificate for $name") or diag($err);
	return;
}

sub install { my ($name) = @_; ShTest::write_file("$dir/server.$_", ShTest::read_file("$dir/$name.$_")) foreach qw(pem key); return; }

make_certificate('first');
make_certificate('second');
install('first');

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $log = "$PostgreSQL::Test::Utils::log_path/selfserv_https.log";
ShTest::write_file("$dir/selfserv.conf.yaml", <<"YAML");
listen: {host: 127.0.0.1, port: $port, certificate: $dir/server.pem, key: $dir/server.key}
domainfile: $dir/domains.yaml
YAML
my $server = IPC::Run::start([ 'selfserv', '--config', "$dir/selfserv.conf.yaml" ], '>', $log, '2>&1');

# Status and body; "000" when there is no connection.
sub curl
{
	my ($certificate, $path, @arguments) = @_;
	IPC::Run::run([ 'curl', '-sS', '--cacert', "$dir/$certificate.pem", '-u', "test:$sh->{token}", '-w', "\n%{http_code}",
		@arguments, "https://127.0.0.1:$port$path" ], '>', \$out, '2>', \$err);
	my ($body, $status) = $out =~ /^(.*)\n(\d+)\z/s;
	return ($status, $body);
}

$sh->wait_until('selfserv answers', sub { return (curl('first', '/status'))[0] eq '200'; });
is((curl('first', '/v2/users/me'))[0], 200, 'a request');
is((curl('second', '/status'))[0], '000', 'the certificate is checked');
my ($status, $body) = curl('first', '/v2/timeseries', '-H', 'Content-Type: application/json', '-d', '{"name":"series","si_unit":"C"}');
is($status, 201, 'a write');
my ($uuid) = $body =~ /"uuid":"([^"]+)"/;
ShTest::write_file("$dir/points.csv", join('', map { sprintf("2020-01-%02dT%02d:%02d:00Z,%d\n", 1 + $_ / 1440, $_ / 60 % 24, $_ % 60, $_) } 0 .. 39999));
is((curl('first', "/v2/timeseries/$uuid/data", '-H', 'Content-Type: text/csv', '--data-binary', "\@$dir/points.csv"))[0], 201, 'an upload');
($status, $body) = curl('first', "/v2/timeseries/$uuid/data?start=2020-01-01T00:00:00Z&end=2020-02-01T00:00:00Z");
is($status, 200, 'a stream');
is(scalar(() = $body =~ /"ts"/g), 40000, 'of all points');
is(HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$port/status")->{status} == 200 ? 'yes' : 'no', 'no', 'plain HTTP is not served');

# ---- another certificate ----

install('second');
$server->signal('HUP');
$sh->wait_until('the new certificate is shown', sub { return (curl('second', '/status'))[0] eq '200'; });
is((curl('first', '/status'))[0], '000', 'and the old one no more');
ShTest::write_file("$dir/server.key", ShTest::read_file("$dir/first.key"));
$server->signal('HUP');
$sh->wait_until('a wrong key is noticed', sub { return ShTest::read_file($log) =~ /is not the key of the certificate/; });
is((curl('second', '/v2/users/me'))[0], 200, 'and changes nothing');

$server->signal('TERM');
$server->finish;
is($server->full_result(0), 0, 'it stops cleanly');

# ---- what is wrong is told ----

ok(!IPC::Run::run([ 'selfserv', '--config', "$dir/selfserv.conf.yaml", '--check-config' ], '>', \$out, '2>', \$err), 'a key of another certificate');
like($err, qr/server\.key: is not the key/, 'is named');
ok(!IPC::Run::run([ 'selfserv', '--config', "$dir/selfserv.conf.yaml", '--check-config', '--set', 'listen.key=' ], '>', \$out, '2>', \$err), 'no key');
like($err, qr/listen\.key/, 'is named');
ok(!IPC::Run::run([ 'selfserv', '--config', "$dir/selfserv.conf.yaml", '--check-config', '--set', 'listen.certificate=/nowhere' ], '>', \$out, '2>', \$err), 'no such file');
like($err, qr{/nowhere}, 'is named');
done_testing();
