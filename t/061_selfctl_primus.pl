# selfctl with Primus: domains that are made, listed, moved and dropped on servers; a failure leaves nothing behind,
# and no password is shown.
use strict;
use warnings;

use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ShTest;
use Test::More;

my $timeout = $PostgreSQL::Test::Utils::timeout_default || 180;
my $secret = 'Xs3cretX';
my $shown = '';

my @nodes = map { PostgreSQL::Test::Cluster->new("server$_") } 1 .. 2;
foreach my $node (@nodes)
{
	$node->init;
	$node->start;
}
my ($one, $two) = @nodes;

# The superuser comes from the environment, as an operator would have it.
my ($user) = $one->safe_psql('postgres', 'SELECT current_user');
sub server { my ($node) = @_; return sprintf('host=%s port=%d user=%s', $node->host, $node->port, $user); }
sub databases
{
	my ($node) = @_;
	return $node->safe_psql('postgres', "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname !~ '^(postgres|template.)\$'");
}

# Returns { code, out, err }.
sub selfctl
{
	my ($input, @words) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', @words ], '<', \$input, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
	$shown .= "$out$err";
	return { code => $? >> 8, out => $out, err => $err };
}
sub works
{
	my ($what, @words) = @_;
	my $r = selfctl('', @words);
	is($r->{code}, 0, $what) or diag($r->{err});
	return $r->{out};
}
sub fails
{
	my ($what, $expected, @words) = @_;
	my $r = selfctl('', @words);
	is($r->{code}, 1, $what);
	like($r->{err}, $expected, "$what: it is said why");
	return;
}

# ---- primus ----

fails('a server that is down', qr/cannot connect/, 'primus', 'init', '--server', "host=" . $one->host . " port=1 user=$user");
my $made = works('primus init', 'primus', 'init', '--server', server($one));
like($made, qr/^primus:\n  uri: .*dbname=primus.* user=primus_reader|^primus:\n  uri: .*user=primus_reader.*dbname=primus/, 'tells what to configure');
is(works('and again', 'primus', 'init', '--server', server($one)), $made, 'changes nothing');
my ($reader_uri) = $made =~ /uri: (.*)/;
is($one->safe_psql('primus', 'SELECT count(*) FROM selfhost_primus.read_domains()', extra_params => [ '-U', 'primus_reader' ]), 0,
	'the reader may read');
is(selfctl('', 'primus', 'init')->{code}, 2, 'not without a server');
my @primus = ('--primus', server($one) . ' dbname=primus');
is_deeply(decode_json(works('status', 'primus', 'status', @primus, '--json')), { domains => [], followers => [] }, 'nobody follows');
my $listens = IPC::Run::start([ 'psql', '-XAtq', '-d', "$reader_uri application_name=selfserv" ], '<', \my $typed, '>', \my $answered);
$typed = "LISTEN selfhost_primus;\nSELECT 'listens';\n";
IPC::Run::pump($listens) until $answered =~ /listens/;
is(decode_json(works('status', 'primus', 'status', @primus, '--json'))->{followers}[0]{program}, 'selfserv', 'a follower is seen');
like(works('status', 'primus', 'status', @primus), qr/^DOMAIN +REACHABLE\n\nPROGRAM .*\nselfserv  primus_reader /, 'for people, too');
$typed = "\\q\n";
$listens->finish;

# ---- create ----

my $a = decode_json(works('a domain', 'domain', 'create', 'a', '--server', server($one), @primus, '--json'));
is_deeply([ sort keys %$a ], [qw(domain token uri)], 'as JSON');
like($a->{token}, qr/^secret-token\.\w+$/, 'with the token of root');
is($one->safe_psql('a', "SELECT selfhost.login('$a->{token}'); SELECT count(*) FROM selfhost.user_account") =~ /1$/ ? 1 : 0, 1, 'which is good');
like($a->{uri}, qr/\buser=selfhost_gateway\b/, 'the gateway has a role of its own');
ok(IPC::Run::run([ 'psql', '-XAtq', '-d', $a->{uri}, '-c', 'SELECT 1' ], '>', \my $none), 'and can connect');
my $template = sprintf('host=%s port=%d dbname={domain} user=selfhost_gateway password=%s', $two->host, $two->port, $secret);
my $b = works('on another server', 'domain', 'create', '1.b-b_b', '--server', server($two), @primus, '--gateway-uri', $template);
like($b, qr/token  secret-token\./, 'for people');
is(databases($two), '1.b-b_b', 'it is there');
is($one->safe_psql('primus', "SELECT uri FROM selfhost_primus.read_domains() WHERE domain = '1.b-b_b'"),
	$template =~ s/\{domain\}/1.b-b_b/r, 'with the URI of the template');

fails("the name \"$_\"", qr/no name of a domain/, 'domain', 'create', '--server', server($one), @primus, '--', $_)
  foreach 'A', 'x"; DROP DATABASE a; --', "x'", '', 'postgres', '-x', '../x', 'x' x 64, "\x{c3}\x{a9}", '%s%n';
fails('one that is registered', qr/there is a domain a already/, 'domain', 'create', 'a', '--server', server($two), @primus);
$one->safe_psql('postgres', 'CREATE DATABASE mine');
fails('a database of somebody else', qr/a database has the name mine already/, 'domain', 'create', 'mine', '--server', server($one), @primus);
fails('a server that is down', qr/cannot connect/, 'domain', 'create', 'c', '--server', 'host=' . $one->host . " port=1 user=$user", @primus);
fails('a template without the name', qr/\{domain\}/, 'domain', 'create', 'c', '--server', server($one), @primus, '--gateway-uri', 'dbname=c');
fails('no server', qr/--server/, 'domain', 'create', 'c', @primus);
fails('no Primus', qr/--primus or --config/, 'domain', 'create', 'c', '--server', server($one));
is(databases($one), 'a mine primus', 'nothing is left of what failed');

# The database is made, and Primus refuses it.
$one->safe_psql('primus', q{CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no: %', NEW.uri; END$$;
	CREATE TRIGGER z BEFORE INSERT ON selfhost_primus.domain FOR EACH ROW EXECUTE FUNCTION no()});
fails('what Primus refuses', qr/primus\.statement\.create: /, 'domain', 'create', 'c', '--server', server($two), @primus,
	'--gateway-uri', $template);
is(databases($two), '1.b-b_b', 'leaves no database');
$one->safe_psql('primus', 'DROP FUNCTION no() CASCADE');
# The extension cannot be made: the template has its schema already.
$two->safe_psql('template1', 'CREATE SCHEMA selfhost; CREATE TABLE selfhost.token (x int)');
fails('what the server refuses', qr/already exists/, 'domain', 'create', 'c', '--server', server($two), @primus);
is(databases($two), '1.b-b_b', 'leaves no database, either');
$two->safe_psql('template1', 'DROP SCHEMA selfhost CASCADE');
is(scalar(@{ decode_json(works('the list', 'domain', 'list', @primus, '--json')) }), 2, 'and nothing in Primus');

# ---- list, show, set ----

like(works('list', 'domain', 'list', @primus), qr/^DOMAIN .*\n1\.b-b_b  .*dbname=1\.b-b_b.*\na  /, 'for people');
is(decode_json(works('show', 'domain', 'show', 'a', @primus, '--json'))->{uri}, $a->{uri}, 'as it was made');
fails('show', qr/there is no domain "nobody"/, 'domain', 'show', 'nobody', @primus);
is(selfctl("$a->{uri} password=$secret\n", 'domain', 'set', 'a', @primus, '--uri-file', '-')->{code}, 0, 'a URI by standard input');
is($one->safe_psql('primus', "SELECT uri FROM selfhost_primus.read_domains() WHERE domain = 'a'"), "$a->{uri} password=$secret", 'is taken');
fails('set', qr/there is no domain/, 'domain', 'set', 'nobody', @primus, '--uri', "service=x password=$secret");
fails('set', qr/must be written as %40/, 'domain', 'set', 'a', @primus, '--uri', "postgresql://u:$secret\@\@h/d");
fails('set', qr/the URI is not valid/, 'domain', 'set', 'a', @primus, '--uri', "postgresql://u:p/$secret\@h:x/d");
fails('an empty file', qr/--uri-file: cannot read a URI: it is empty/, 'domain', 'set', 'a', @primus, '--uri-file', '-');
fails('no file', qr/No such file/, 'domain', 'set', 'a', @primus, '--uri-file', '/nowhere');
is(selfctl('', 'domain', 'set', 'a', @primus)->{code}, 2, 'not without a URI');

# ---- a table of the operator's own ----

$one->safe_psql('postgres', 'CREATE DATABASE crm');
$one->safe_psql('crm', 'CREATE TABLE customer (name text PRIMARY KEY, place text CHECK (place <> \'\'))');
my $config = PostgreSQL::Test::Utils::tempdir() . '/selfserv.yaml';
my $statements = {
	create => 'INSERT INTO customer VALUES ($1, $2) RETURNING name AS domain',
	read => 'SELECT name AS domain, place AS uri FROM customer',
	update => 'UPDATE customer SET place = $2 WHERE name = $1 RETURNING name AS domain',
	delete => 'DELETE FROM customer WHERE name = $1 RETURNING name AS domain',
};
sub configure
{
	my (%change) = @_;
	ShTest::write_file($config, encode_json({ listen => { port => 80 }, primus =>
		{ uri => server($one) . ' dbname=crm', channel => 'crm', statement => { %$statements, %change } } }));
	return;
}
configure();
my @own = ('--config', $config);
works('in the own table', 'domain', 'create', 'own', '--server', server($two), @own);
is($one->safe_psql('crm', 'SELECT name FROM customer'), 'own', 'it stands there');
is(decode_json(works('the list', 'domain', 'list', @own, '--json'))->[0]{domain}, 'own', 'and is read');
is(selfctl('', 'domain', 'set', 'own', @own, '--uri', 'host=h dbname=x')->{code}, 0, 'and set');
fails('set', qr/there is no domain nobody/, 'domain', 'set', 'nobody', @own, '--uri', 'host=h dbname=x');
configure(create => 'INSERT INTO customer VALUES ($1, $2) RETURNING name');
fails('a statement with another column', qr/primus\.statement\.create: must return a column "domain"/,
	'domain', 'create', 'own2', '--server', server($two), @own);
is(databases($two), '1.b-b_b own', 'which leaves no database');
is($one->safe_psql('crm', 'SELECT count(*) FROM customer'), 1, 'and no row');
configure(delete => 'DELETE FROM customer WHERE name <> $1 OR true RETURNING name AS domain');
$one->safe_psql('crm', q{INSERT INTO customer VALUES ('other', 'dbname=other')});
fails('a statement that deletes several', qr/there are several domains own/, 'domain', 'drop', 'own', @own, '--yes');
is($one->safe_psql('crm', 'SELECT count(*) FROM customer'), 2, 'which deletes none');
configure();
works('drop', 'domain', 'drop', 'own', @own, '--yes');
is(databases($two), '1.b-b_b own', 'without a server the database stays');

# ---- check, upgrade, rotate-token ----

my @as = (@primus, '--user', $user);
my $upgraded = decode_json(works('upgrade', 'domain', 'upgrade', @as, '--json'));
is_deeply($upgraded->[1], { domain => 'a', from => '1.0', to => '1.0', error => undef }, 'each domain is told');
works('check', 'domain', 'check', @as);
$one->safe_psql('primus', "SELECT selfhost_primus.create_domain('twin', '$a->{uri}')");
my $r = selfctl('', 'domain', 'check', 'twin', @as, '--json');
is($r->{code}, 1, 'a database that is registered twice');
my ($once) = grep { $_->{check} eq 'registered once' } @{ decode_json($r->{out}) };
is($once->{what}, 'the domain a has the same database', 'is told');
works('drop', 'domain', 'drop', 'twin', @primus, '--yes');
my $token = decode_json(works('rotate-token', 'domain', 'rotate-token', 'a', @as, '--json'))->{token};
my ($code) = $one->psql('a', "SELECT selfhost.login('$a->{token}')");
isnt($code, 0, 'the old token is void');
($code) = $one->psql('a', "SELECT selfhost.login('$token')");
is($code, 0, 'the new one is good');
$two->stop;
$r = selfctl('', 'domain', 'upgrade', @as, '--json');
is($r->{code}, 1, 'a server that is down');
is_deeply([ map { $_->{error} } @{ decode_json($r->{out}) } ], [ 'cannot be reached', undef ], 'does not hold up the others');
is(selfctl('', 'domain', 'check', @as)->{code}, 1, 'and is found');
is_deeply([ map { [ $_->{domain}, $_->{reachable} ? 1 : 0 ] } @{ decode_json(works('status', 'primus', 'status', @primus, '--json'))->{domains} } ],
	[ [ '1.b-b_b', 0 ], [ 'a', 1 ] ], 'as status tells');
$two->start;

# ---- drop ----

# At a terminal it is asked.
my ($asked, $typed_no) = ('', "n\n");
IPC::Run::run([ 'selfctl', 'domain', 'drop', 'a', '--server', server($one), @primus ], '<pty<', \$typed_no, '>pty>', \$asked, '2>&1',
	IPC::Run::timeout($timeout));
is($? >> 8, 1, 'no');
like($asked, qr/Drop the domain "a".*\[y\/N\].*nothing was dropped/s, 'is an answer');

is(selfctl('', 'domain', 'drop', 'a', '--server', server($one), @primus)->{code}, 2, 'not without --yes');
fails('drop at another server', qr/does not lead to this server/, 'domain', 'drop', 'a', '--server', server($two), @primus, '--yes');
my $session = IPC::Run::start([ 'psql', '-Xq', '-d', $a->{uri} ], '<', \my $open, '>', \my $nothing, '2>', \my $lost);
works('drop', 'domain', 'drop', 'a', '--server', server($one), @primus, '--yes');
is(databases($one), 'crm mine primus', 'with its database');
fails('drop again', qr/there is no domain "a"/, 'domain', 'drop', 'a', '--server', server($one), @primus, '--yes');
$open = "\\q\n";
$session->finish;
$one->safe_psql('primus', sprintf("SELECT selfhost_primus.create_domain('mine', 'host=%s port=%d dbname=mine')", $one->host, $one->port));
fails('a database that is none of a domain', qr/none of a domain/, 'domain', 'drop', 'mine', '--server', server($one), @primus, '--yes');
is(databases($one), 'crm mine primus', 'stays');

unlike($shown, qr/$secret/, 'no password was shown');
done_testing();
