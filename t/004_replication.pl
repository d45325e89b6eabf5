# Access and points on a standby and on a logical subscriber: a right that is revoked on the primary
# is gone in an old session of the other server, too, as soon as the change is applied there.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Test::More;
use ShTest;

my $sh = ShTest->new('primary', no_selfserv => 1, allows_streaming => 'logical');
my $primary = $sh->{node};

# A user with one token, who may list things, and a series with some points.
my $secret = 'secret-token.test';
my $digest = sha256_hex($secret);
$primary->safe_psql('test', qq{
	SELECT selfhost.create_user('{"name": "reader"}');
	INSERT INTO selfhost.token (user_uuid, name, digest)
		SELECT uuid, 'test', '\\x$digest' FROM selfhost.user_account WHERE name = 'reader';
	INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
		SELECT uuid, 0, 'allow', 'read', r FROM selfhost.user_group,
			unnest(ARRAY['things', 'timeseries/%']) r
		WHERE name = 'reader';
	SELECT selfhost.create_timeseries('{"name": "series", "si_unit": "C"}');
});
my $series = $primary->safe_psql('test', 'SELECT uuid FROM selfhost.timeseries');
$primary->safe_psql('test', qq{
	SELECT selfhost.add_timeseries_data('$series', NULL, NULL,
		convert_to(json_agg(json_build_object('ts', to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'v', 1.5))::text, 'UTF8'))
	FROM generate_series('2020-01-01'::timestamp, '2020-01-20', '1 minute') t});

# The answer of a list of things in a session: "[]", or the error's text.
my $list = "SELECT convert_from((s.r).body, 'UTF8')::jsonb FROM (
	SELECT selfhost.list_things() AS r FROM selfhost.authenticate('\\x$digest') OFFSET 0) s";

sub answer_in
{
	my ($session) = @_;
	my $out = $session->query($list);
	$out .= $session->{stderr};
	$session->{stderr} = '';
	return $out;
}

sub points_on
{
	my ($node, $dbname) = @_;
	return $node->safe_psql($dbname, qq{
		SELECT sum(json_array_length(d)) FROM (
			SELECT convert_from(string_agg((r).body, ''), 'UTF8')::json AS d FROM (
				SELECT selfhost.get_timeseries_data('$series', '2020-01-01Z', '2020-12-31Z', NULL, NULL, NULL, NULL, NULL, NULL) AS r
				FROM selfhost.authenticate('\\x$digest') OFFSET 0) s) t});
}

# ---- a hot standby ----

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

my $on_standby = $standby->background_psql('test', on_error_stop => 0);
is(answer_in($on_standby), '[]', 'the standby knows token and policies');
is(points_on($standby, 'test'), points_on($primary, 'test'), 'the standby reads the points');

# ---- a logical subscriber: its own cluster and schema, rows by replication ----

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE DATABASE test');
$subscriber->safe_psql('test', 'CREATE EXTENSION selfhost');
$primary->safe_psql('test', 'CREATE PUBLICATION p FOR ALL TABLES');
$subscriber->safe_psql('test', "CREATE SUBSCRIPTION s CONNECTION '" . $primary->connstr . " dbname=test' PUBLICATION p");
$subscriber->wait_for_subscription_sync($primary, 's', 'test');

my $on_subscriber = $subscriber->background_psql('test', on_error_stop => 0);
is(answer_in($on_subscriber), '[]', 'the subscriber knows token and policies');
is(points_on($subscriber, 'test'), points_on($primary, 'test'), 'the subscriber reads the points');

# ---- the right is revoked on the primary ----

$primary->safe_psql('test', "DELETE FROM selfhost.policy WHERE resource = 'things'");
$primary->wait_for_catchup($standby);
like(answer_in($on_standby), qr/ERROR/, 'the standby refuses in the same session');
$primary->wait_for_catchup('s');
like(answer_in($on_subscriber), qr/ERROR/, 'the subscriber refuses in the same session');

# ---- the token is deleted on the primary ----

$primary->safe_psql('test', "INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
	SELECT uuid, 0, 'allow', 'read', 'things' FROM selfhost.user_group WHERE name = 'reader'");
$primary->wait_for_catchup($standby);
$primary->wait_for_catchup('s');
is(answer_in($on_standby), '[]', 'the standby sees the new right');
is(answer_in($on_subscriber), '[]', 'the subscriber sees the new right');
$primary->safe_psql('test', "DELETE FROM selfhost.token WHERE digest = '\\x$digest'");
$primary->wait_for_catchup($standby);
$primary->wait_for_catchup('s');
is(answer_in($on_standby), '', 'the standby no longer knows the token');
is(answer_in($on_subscriber), '', 'the subscriber no longer knows the token');

$on_standby->quit;
$on_subscriber->quit;
done_testing();
