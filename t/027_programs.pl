# Programs over HTTP: uploads of code with and without a length, its bytes back, diffs, signatures,
# webhooks without a worker, checks of code and runs with one.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Test::More;
use ShTest;
use ShWorker;

my $sh = ShTest->new('programs');

sub status_is
{
	my ($r, $status, $name) = @_;
	is($r->{status}, $status, $name) or diag($r->{content});
	return $r;
}

my %new = (name => 'report', type => 'routine', state => 'active', schedule => 'TZ=Europe/Stockholm 0 30 6 * * mon-fri',
	deadline => 1000, language => 'tengo');
my $program = status_is($sh->post('/v2/programs', \%new), 201, 'a program')->{json};
is_deeply($program, { %new, tags => [], uuid => $program->{uuid} }, 'all of it');
my $path = "/v2/programs/$program->{uuid}";
is_deeply($sh->get($path)->{json}, $program, 'the same again');
is_deeply($sh->get('/v2/programs')->{json}, [$program], 'in the list');
status_is($sh->post('/v2/programs', { %new, schedule => '0 0 * * *' }), 400, 'five fields');
status_is($sh->put($path, { schedule => '1m' }), 400, 'no schedule');
status_is($sh->put($path, { tags => ['a'] }), 204, 'a change');
is_deeply($sh->get('/v2/programs?tags=b&tags=a')->{json}[0]{tags}, ['a'], 'by tag');

# ---- uploads ----

sub upload
{
	my ($content, $type, $query) = @_;
	return $sh->request('POST', "$path/code" . ($query // ''), content => $content, content_type => $type);
}

my $one = "a := 1\nb := 2\n";
my $two = "a := 1\nb := 3\nc := \"\xc3\xa5\"\n";
my $r = status_is(upload($one, 'text/plain; charset=utf-8'), 201, 'a revision');
is($r->{json}{revision}, 0, 'the first number');
is($r->{json}{checksum}, sha256_hex($one), 'its checksum');
is($r->{json}{signed}, undef, 'not signed');
is($r->{headers}{'content-type'}, 'application/json', 'as JSON');
# HTTP::Tiny sends what a function gives it in chunks.
my @pieces = map { substr($two, $_ * 7, 7) } 0 .. length($two) / 7;
$r = status_is(upload(sub { return shift @pieces }, 'TEXT/Plain;charset="UTF-8"'), 201, 'in chunks, without a length');
is($r->{json}{checksum}, sha256_hex($two), 'all of it is there');
is($r->{json}{revision}, 1, 'the second number');
$r = status_is(upload('', 'text/plain'), 201, 'an empty body is a revision');
is($r->{json}{checksum}, sha256_hex(''), 'an empty one');
status_is(upload('{}', 'application/json'), 400, 'another media type');
status_is(upload('x' x 1048576, 'text/plain'), 201, '1 MiB');
status_is(upload('x' x 1048577, 'text/plain'), 413, 'and one byte');
my $left = 1048577;
status_is(upload(sub { my $n = $left < 65536 ? $left : 65536; $left -= $n; return 'x' x $n }, 'text/plain'),
	413, 'in chunks, too');
$r = status_is(upload($one, 'text/plain', '?check=true'), 503, 'nobody can check it');
like($r->{content}, qr/worker/, 'the text says so');
ok($r->{headers}{'retry-after'}, 'when to try again');
status_is(upload($one, 'text/plain', '?check=yes'), 400, 'neither true nor false');
is(scalar(@{ $sh->get("$path/revisions")->{json} }), 4, 'what was refused left nothing');
status_is($sh->request('POST', '/v2/programs/99999999-0000-4000-8000-000000000000/code', content => 'x',
	content_type => 'text/plain'), 404, 'no such program');

# ---- code and signatures ----

status_is($sh->get("$path/code"), 404, 'nothing is signed');
status_is($sh->request('PUT', "$path/revisions/1/sign"), 204, 'signed');
my ($revision) = grep { $_->{revision} == 1 } @{ $sh->get("$path/revisions")->{json} };
status_is($sh->request('PUT', "$path/revisions/1/sign"), 204, 'signed again');
is_deeply((grep { $_->{revision} == 1 } @{ $sh->get("$path/revisions")->{json} })[0], $revision, 'the first signature stays');
$r = status_is($sh->get("$path/code"), 200, 'the code');
is($r->{content}, $two, 'byte by byte');
is($r->{headers}{'content-type'}, 'text/plain; charset=utf-8', 'as text');
status_is($sh->request('PUT', "$path/revisions/9/sign"), 404, 'no such revision');
status_is($sh->request('PUT', "$path/revisions/-1/sign"), 400, 'no number of one');

$sh->psql("ALTER DATABASE $sh->{domain} SET selfhost.four_eyes = on");
my $author = $sh->create_user('author');
$sh->create_policy($author->{group}, 'allow', $_, 'programs/%') foreach qw(create update);
$sh->stop_selfserv;
$sh->start_selfserv;
$r = status_is($sh->request('POST', "$path/code", content => 'x', content_type => 'text/plain', token => $author->{token}), 201,
	'another author');
my $number = $r->{json}{revision};
$r = status_is($sh->request('PUT', "$path/revisions/$number/sign", token => $author->{token}), 403, 'four eyes: not by the author');
like($r->{content}, qr/author/, 'the text says so');
status_is($sh->request('PUT', "$path/revisions/$number/sign"), 204, 'by somebody else');

# ---- diffs ----

$r = status_is($sh->get("$path/diff?rev_a=0&rev_b=1"), 200, 'a diff');
is($r->{content}, "--- $program->{uuid}\@0\n+++ $program->{uuid}\@1\n\@\@ -1,2 +1,3 \@\@\n a := 1\n-b := 2\n+b := 3\n+c := \"\xc3\xa5\"\n",
	'in the unified format');
is($r->{headers}{'content-type'}, 'text/plain; charset=utf-8', 'as text');
$r = status_is($sh->get("$path/diff?rev_a=-1&rev_b=-1"), 200, 'the newest one');
is($r->{content}, '', 'is equal to itself');
status_is($sh->get("$path/diff?rev_a=0&rev_b=77"), 404, 'no such revision');
status_is($sh->get("$path/diff?rev_a=0"), 400, 'without the other one');
status_is($sh->get("$path/diff?rev_a=0&rev_b=-2"), 400, 'out of range');

# ---- deletion ----

status_is($sh->delete("$path/revisions/$number"), 204, 'a signed revision is deleted');
status_is($sh->delete("$path/revisions/$number"), 404, 'it is gone');
is($sh->psql("SELECT signed IS NOT NULL AND code IS NULL FROM selfhost.program_revision WHERE revision = $number"), 't',
	'a record stays');
is(upload('x', 'text/plain')->{json}{revision}, $number + 1, 'its number is not used again');
is($sh->get("$path/code")->{content}, $two, 'the code is that of the one signed before');

# ---- webhooks ----

my $hook = $sh->post('/v2/programs', { %new, name => 'hook', type => 'webhook' })->{json}{uuid};
status_is($sh->request('POST', "/v2/programs/$hook/webhook", content => 'x', content_type => 'text/plain'), 404, 'without a revision');
$sh->psql("SELECT selfhost.upload_program_code('$hook', body => 'x')");
$sh->psql("ALTER DATABASE $sh->{domain} RESET selfhost.four_eyes");
$sh->psql("SELECT selfhost.sign_program_revision('$hook', 0)");
status_is($sh->request('POST', "/v2/programs/$hook/webhook", content => 'x', content_type => 'text/plain'), 503, 'nobody runs it');
status_is($sh->get("/v2/programs/$hook/webhook"), 503, 'nor without a body');
status_is($sh->get("/v2/programs/$hook/webhook", token => $author->{token}), 503, 'create is its right');
status_is($sh->get("/v2/programs/$hook", token => $author->{token}), 403, 'not read');
status_is($sh->get("$path/webhook"), 404, 'a routine is no webhook');

status_is($sh->delete($path), 204, 'deleted');
status_is($sh->get("$path/revisions"), 404, 'with its revisions');

# ---- with a worker and the program manager: checks of code, runs ----

my $worker = ShWorker->new($sh);
my $lua = $sh->post('/v2/programs', { %new, name => 'lua', language => 'lua', schedule => '@every 1s' })->{json}{uuid};
$path = "/v2/programs/$lua";
$r = status_is(upload("local a = 1\nlocal = 2\n", 'text/plain', '?check=true'), 400, 'code that does not compile is refused');
like($r->{content}, qr/^code: .*:2: /, 'with the line');
is(scalar(@{ $sh->get("$path/revisions")->{json} }), 0, 'and not stored');
$r = status_is(upload("local log = import('log')\nlog.info('hello')\n", 'text/plain', '?check=true'), 201, 'code that compiles is stored');
is($r->{json}{revision}, 0, 'as a revision');
is($r->{json}{checksum}, sha256_hex("local log = import('log')\nlog.info('hello')\n"), 'as it is');
is_deeply($sh->get("$path/runs")->{json}, [], 'it has not run, and checks are no runs of it');
status_is($sh->get("$path/runs", token => $author->{token}), 403, 'runs are a right of their own');
status_is($sh->request('PUT', "$path/revisions/0/sign", token => $author->{token}), 204, 'signed');
my $run;
$sh->wait_until('it runs by itself', sub {
	$run = $sh->get("$path/runs?limit=1&offset=1")->{json}[0];
	return $run && $run->{state} eq 'succeeded';
});
like($run->{log}, qr/hello/, 'what it has logged');
is_deeply([ @$run{qw(kind revision error revision_deleted)} ], [ 'routine', 0, undef, JSON::PP::false ], 'how it has run');
like($run->{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/, $_) foreach qw(due queued started finished);
status_is($sh->put($path, { state => 'inactive' }), 204, 'stopped');
$r = $sh->get("$path/runs?limit=1&count=true");
like($r->{headers}{link}, qr{^</v2/programs/$lua/runs\?limit=1&offset=1&count=true>; rel="next"$}, 'the next page');
cmp_ok($r->{headers}{'x-total-count'}, '>=', 2, 'how many there are');
$worker->stop;

$sh->stop_selfserv;
done_testing();
