# Each operation of the served OpenAPI document on a hot standby: what reads is answered as on the
# primary, what writes is refused by PostgreSQL (25006), whichever way it writes, and looked for at the primary: this
# domain knows none.
use strict;
use warnings;

use Test::More;
use ShOperations;
use ShTest;

my $sh = ShTest->new('primary', no_selfserv => 1, allows_streaming => 1);
my $primary = $sh->{node};
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
# Nothing that the primary cleans up stops a read here.
$standby->append_conf('postgresql.conf', 'hot_standby_feedback = on');
$standby->start;

# Three domains of the same data: "test" on the primary, "standby" on the standby; "both" begins on the standby and knows the
# primary, too.
ShTest::write_file("$sh->{dir}/domains.yaml", "domains:\n" . join('', map {
	sprintf("  %s: host=%s port=%d dbname=test user=selfhost_gateway\n", $_->[0], $_->[1]->host, $_->[1]->port)
} [ 'test', $primary ], [ 'standby', $standby ])
	. sprintf("  both: host=%s,%s port=%d,%d target_session_attrs=any dbname=test user=selfhost_gateway\n",
		$standby->host, $primary->host, $standby->port, $primary->port));
$sh->start_selfserv;
ShOperations::use_server($sh);

my $writes = 0;
foreach my $operation (ShOperations::operations(ShOperations::document()))
{
	my $id = $operation->{operationId};
	my $call = ShOperations::call($id);
	ok($call, "t/lib/ShOperations.pm knows how to call $id") or next;
	$primary->wait_for_catchup($standby);

	if ($operation->{method} eq 'get' || $operation->{'x-lane'} eq 'fast' || $call->{expect})
	{
		my $there = ShOperations::request($operation, $call, $sh->{token}, 'standby');
		my $here = ShOperations::request($operation, $call, $sh->{token});
		like($there->{status}, $call->{expect} ? qr/^$call->{expect}$/ : qr/^2/, "$id: is answered") or diag($there->{content});
		is($there->{content}, $here->{content}, "$id: as on the primary");
		next;
	}
	$writes++;
	my $refused = qr/domain standby: operation $id: 25006 /;
	unlike(ShTest::read_file($sh->{log}), $refused, "$id: was not refused before");
	my $r = ShOperations::request($operation, $call, $sh->{token}, 'standby');
	is($r->{status}, 503, "$id: is refused, as no other server is known") or diag($r->{content});
	$sh->wait_until("the log tells why $id was refused", sub {
		return ShTest::read_file($sh->{log}) =~ $refused;
	});
	$r = ShOperations::request($operation, $call, $sh->{token});
	like($r->{status}, qr/^2/, "$id: the same is done on the primary") or diag($r->{content});
}
cmp_ok($writes, '>=', 20, 'operations that write');

# A write that meets the standby is done on the primary.
unlike(ShTest::read_file($sh->{log}), qr/domain both: operation create_thing: 25006 /, 'no write of this domain was refused before');
is($sh->post('/v2/things', { name => 'elsewhere', type => 'building' }, domain => 'both')->{status}, 201, 'a write that met the standby');
$sh->wait_until('the log tells that it did', sub {
	return ShTest::read_file($sh->{log}) =~ /domain both: operation create_thing: 25006 /;
});

# The same by SQL.
my $series = $ShOperations::make{series}->();
$sh->psql("INSERT INTO selfhost.tsdata VALUES ('$series', '2020-01-01Z', 1)");
$primary->wait_for_catchup($standby);
foreach my $statement ("INSERT INTO selfhost.tsdata VALUES ('$series', '2020-01-02Z', 1)",
	"DELETE FROM selfhost.tsdata WHERE ts_uuid = '$series'", "SELECT selfhost._drop_points(1)")
{
	my ($status, $out, $error) = $standby->psql('test', "\\set VERBOSITY sqlstate\n$statement");
	like($error, qr/ERROR:  25006$/m, "on the standby: $statement");
}
is($standby->safe_psql('test', "SELECT value FROM selfhost.tsdata WHERE ts_uuid = '$series'"), '1',
	'the standby reads the points as a table');

is($sh->stop_selfserv, 0, 'selfserv ends well');
done_testing();
