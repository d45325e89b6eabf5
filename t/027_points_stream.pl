# Points on their way through the gateway: answers of many pieces as JSON and as CSV, of one series and
# of several; and refusals.
use strict;
use warnings;

use Test::More;
use ShTest;

my $sh = ShTest->new('points_stream');
my $count = 30000;
my $long = $sh->post('/v2/timeseries', { name => 'long', si_unit => 'C' })->{json}{uuid};
my $empty = $sh->post('/v2/timeseries', { name => 'empty', si_unit => 'C' })->{json}{uuid};
$sh->psql(qq{INSERT INTO selfhost.tsdata
	SELECT '$long', '2024-01-01Z'::timestamptz + i * interval '1 min', i % 500 / 10.0 FROM generate_series(0, $count - 1) i});

my $window = 'start=2024-01-01T00:00:00Z&end=2024-12-31T00:00:00Z';
my $path = "/v2/timeseries/$long/data?$window";

my $json = $sh->get($path);
is($json->{status}, 200, 'many points');
is($json->{headers}{'content-type'}, 'application/json', 'as JSON');
is(scalar(@{ $json->{json} }), $count, 'all of them');
is_deeply($json->{json}[-1], { ts => '2024-01-21T19:59:00Z', v => 49.9 }, 'to the last');

my $csv = $sh->get($path, headers => { Accept => 'text/csv' });
is($csv->{status}, 200, 'the same with Accept: text/csv');
like($csv->{headers}{'content-type'}, qr{^text/csv\b}, 'as CSV');
like($csv->{headers}{vary}, qr/\bAccept\b/, 'and caches are told');
is($csv->{content}, join('', "ts,v\n", map { "$_->{ts},$_->{v}\n" } @{ $json->{json} }), 'with the same rows');
like($sh->get($path, headers => { Accept => 'application/json, text/csv;q=0.5' })->{headers}{'content-type'},
	qr{^application/json}, 'JSON where that is preferred');

my $query = "/v2/tsquery?uuids=$empty&uuids=$long&$window";
my $both = $sh->get($query);
is($both->{status}, 200, 'two series');
is_deeply([ map { [ $_->{uuid}, scalar(@{ $_->{data} }) ] } @{ $both->{json} } ], [ [ $empty, 0 ], [ $long, $count ] ],
	'in the order asked, the empty one too');
$csv = $sh->get($query, headers => { Accept => 'text/csv' });
is($csv->{content}, join('', "uuid,ts,v\n", map { "$long,$_->{ts},$_->{v}\n" } @{ $json->{json} }), 'as CSV');

my $days = $sh->get("/v2/timeseries/$long/data?start=2024-01-01T00:00:00Z&end=2024-01-03T00:00:00Z"
	. '&precision=day&aggregate=count&timezone=europe/stockholm');
is_deeply([ map { "$_->{ts} $_->{v}" } @{ $days->{json} } ],
	[ '2024-01-01T00:00:00+01:00 1380', '2024-01-02T00:00:00+01:00 1440', '2024-01-03T00:00:00+01:00 61' ], 'days of a zone');

my %refusal = (
	'unknown precision'  => "$path&precision=fortnight",
	'unknown aggregate'  => "$path&aggregate=median",
	'unknown zone'       => "$path&timezone=Mars/Olympus",
	'unknown unit'       => "$path&unit=furlongs%20per%20sheep",
	'too long a window'  => "/v2/timeseries/$long/data?start=2020-01-01T00:00:00Z&end=2024-01-01T00:00:00Z",
	'more than 100 uuids' => "/v2/tsquery?$window" . ("&uuids=$long" x 101),
	'no uuids'           => "/v2/tsquery?$window");
foreach my $what (sort keys %refusal)
{
	is($sh->get($refusal{$what})->{status}, 400, $what);
}
is($sh->get("/v2/timeseries/00000000-0000-4000-8000-000000000000/data?$window")->{status}, 404, 'unknown series');

# A sum that is refused before anything has been sent.
$sh->psql(qq{INSERT INTO selfhost.tsdata VALUES ('$empty', '2024-01-01Z', 1.5e308), ('$empty', '2024-01-01 00:01Z', 1.5e308)});
is($sh->get("/v2/timeseries/$empty/data?$window&precision=day&aggregate=sum")->{status}, 400, 'a sum beyond the range');
is($sh->get("/v2/timeseries/$empty/data?$window&precision=day")->{json}[0]{v}, 1.5e308, 'has an average');

done_testing();
