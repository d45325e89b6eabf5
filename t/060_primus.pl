# Primus, the table of domains: what listeners hear, what a dump keeps, what the server's log shows, and the
# domain file that is made of it for a running selfserv.
use strict;
use warnings;

use Test::More;
use ShTest;

my $sh = ShTest->new('primus');
my $node = $sh->{node};
my $secret = 'Xs3cretX';

$node->safe_psql('postgres', 'CREATE DATABASE primus');
sub primus { return $node->safe_psql('primus', join(";\n", @_)); }
primus('CREATE EXTENSION selfhost_primus');

# A statement of many rows, and a transaction of many statements, are heard of once.
sub heard
{
	my ($channel, @statements) = @_;
	my $out = primus("LISTEN $channel", @statements, 'SELECT 1');
	return scalar(() = $out =~ /Asynchronous notification "$channel" received/g);
}
is(heard('selfhost_primus', 'SELECT 1'), 0, 'nothing is heard while nothing changes');
is(heard('selfhost_primus', qq{INSERT INTO selfhost_primus.domain (name, uri)
	SELECT 'd' || i, 'postgresql://u:$secret\@h/d' || i FROM generate_series(1, 5) i}), 1, 'rows of one statement');
is(heard('selfhost_primus', "BEGIN", "SELECT selfhost_primus.update_domain('d1', enabled => false)",
	"SELECT selfhost_primus.delete_domain('d2')", "COMMIT"), 1, 'statements of one transaction');
is(heard('selfhost_primus', "BEGIN", "SELECT selfhost_primus.delete_domain('d3')", "ROLLBACK"), 0, 'what is undone is not heard of');
is(heard('selfhost_primus', "BEGIN", 'TRUNCATE selfhost_primus.domain', "COMMIT"), 1, 'all domains at once');
primus('CREATE TABLE own (x int)', q{CREATE TRIGGER t AFTER INSERT ON own FOR EACH STATEMENT
	EXECUTE FUNCTION selfhost_primus.notify_change('own_channel')});
is(heard('own_channel', 'INSERT INTO own VALUES (1), (2)'), 1, "the operator's own table, with a channel of its own");

# The fullest log that there is shows no URI when a row is refused.
my $quiet = "SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_error_verbosity = 'verbose'; ";
my $uri = "postgresql://u:$secret\@h/d";
my $from = -s $node->logfile;
my $refused = 0;
foreach my $values ("'a b', '$uri', true", "NULL, '$uri', true", "'x', '$secret', true", "'x', '$uri', NULL",
	"'x', 'postgresql://u:$secret\@\@h/d', true", "'twice', '$uri', true", "'twice', '$uri', true")
{
	my ($rc, $out, $err);
	$node->psql('primus', $quiet . "SELECT selfhost_primus.create_domain($values)", stdout => \$out, stderr => \$err);
	$refused++ if $err =~ /ERROR/;
	(my $output = "$out$err") =~ s/^LINE .*$//mg;
	unlike($output, qr/$secret/, "no URI in the error for $values");
}
is($refused, 6, 'all but one are refused');
my $log = substr(ShTest::read_file($node->logfile), $from);
# Where psql sets what is logged, its own statement is logged still.
my @lines = grep { !/statement: / } split(/\n/, $log);
like(join("\n", @lines), qr/uri: must be postgresql/, 'the log has the refusals');
is(scalar(grep { /$secret/ } @lines), 0, 'and no URI') or diag(join("\n", grep { /$secret/ } @lines));

# A dump has the domains, with their times.
primus("SELECT selfhost_primus.update_domain('twice', enabled => false, comment => 'kept')");
my $all = 'SELECT * FROM selfhost_primus.domain ORDER BY name';
my $dump = "$sh->{dir}/primus.dump";
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('primus') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE again');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('again'), $dump ], 'pg_restore');
my $before = primus($all);
like($before, qr/^twice\|.*\|f\|kept\|/, 'there is a domain');
is($node->safe_psql('again', $all), $before, 'it is the same in the restored database');

# The statement of docs/primus.md, as a role that may only read.
my ($statement) = ShTest::read_file("$ENV{SELFHOST_SOURCE}/docs/primus.md") =~ /-c "(SELECT 'domains:.*?)"/s;
ok($statement, 'docs/primus.md tells how to make a domain file');
$node->safe_psql('postgres', 'CREATE ROLE gateway_of_test LOGIN IN ROLE selfhost_primus_reader');
sub publish
{
	my $text = $node->safe_psql('primus', $statement, extra_params => [ '-U', 'gateway_of_test' ]);
	ShTest::write_file("$sh->{dir}/domains.yaml", "$text\n");
	return $text;
}
sub waits_for
{
	my ($domain, $status) = @_;
	$sh->wait_until("domain $domain answers $status", sub {
		return $sh->get('/v2/users/me', domain => $domain)->{status} == $status;
	});
	return;
}
my $here = sprintf('host=%s port=%d dbname=test user=selfhost_gateway', $node->host, $node->port);
is(publish(), "domains: {}", 'without a domain that is enabled the file has none');
waits_for('test', 401);
primus("SELECT selfhost_primus.create_domain('Test.2', '$here')", "SELECT selfhost_primus.create_domain('third', '$here')");
publish();
waits_for('test.2', 200);
waits_for('third', 200);
primus("SELECT selfhost_primus.update_domain('third', enabled => false)");
publish();
waits_for('third', 401);
is($sh->get('/v2/users/me', domain => 'test.2')->{status}, 200, 'the other one is served still');

done_testing();
