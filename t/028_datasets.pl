# Datasets over HTTP: description, content whole, in ranges and under conditions; uploads in parts, every
# error of theirs, and that content of any size costs bounded memory in the gateway and in PostgreSQL.
use strict;
use warnings;

use Digest::MD5 qw(md5 md5_hex);
use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Test::More;
use ShTest;

my $mib = 1024 * 1024;
# What a process may need above its base. A backend holds a part of 16 MiB twice, as it came and as a
# value; at the first five calls on a connection PostgreSQL plans with the values, and that is two more.
my $gateway_kb = 64 * 1024;
my $backend_kb = 64 * 1024;
my $nowhere = '99999999-0000-4000-8000-000000000000';

# Little shared memory: what a backend has touched of it counts as its own.
my $sh = ShTest->new('datasets',
	conf     => { 'rate_control.maxburst' => 1000000 },
	postgres => "shared_buffers = 8MB\n");

sub json_is
{
	my ($r, $status, $what) = @_;
	is($r->{status}, $status, $what) or diag($r->{content});
	return $r->{json};
}

sub refused
{
	my ($r, $status, $text, $what) = @_;
	is($r->{status}, $status, $what) or diag($r->{content});
	is($r->{headers}{'content-type'}, 'text/plain; charset=utf-8', "$what: text");
	like($r->{content}, $text, "$what: reason");
	return;
}

sub create
{
	my ($name, $content, %more) = @_;
	my $r = $sh->post('/v2/datasets',
		{ name => $name, format => 'csv', content => encode_base64($content, ''), %more });
	die "cannot create: $r->{status} $r->{content}" if $r->{status} != 201;
	return $r->{json};
}

sub raw
{
	my ($uuid, %headers) = @_;
	return $sh->get("/v2/datasets/$uuid/raw", headers => \%headers);
}

sub put_part
{
	my ($uuid, $upload, $number, $content, %options) = @_;
	return $sh->request('PUT', "/v2/datasets/$uuid/parts?partNumber=$number&uploadId=$upload",
		content => $content, content_type => 'application/octet-stream',
		headers => { 'Content-MD5' => $options{md5} // md5_hex($content) });
}

sub assemble
{
	my ($uuid, $upload) = @_;
	return $sh->request('POST', "/v2/datasets/$uuid/assemble?partNumber=1&uploadId=$upload",
		headers => { 'Content-MD5' => '0' x 32 });
}

sub begin_upload
{
	my ($uuid) = @_;
	my $r = $sh->request('POST', "/v2/datasets/$uuid/uploads");
	die "cannot begin: $r->{status} $r->{content}" if $r->{status} != 200;
	return $r->{json}{uploadId};
}

# ---- description and content ----

my $thing = $sh->post('/v2/things', { name => 'house' })->{json}{uuid};
my $small = create('small', "a,b\n1,2\n", tags => ['x'], thing_uuid => $thing);
my $path = "/v2/datasets/$small->{uuid}";
is($small->{checksum}, sha256_hex("a,b\n1,2\n"), 'checksum');
is($small->{size}, 8, 'size');
is_deeply($sh->get($path)->{json}, $small, 'get');
is_deeply($sh->get('/v2/datasets?tags=x&limit=5')->{json}, [$small], 'list');
is_deeply($sh->get("/v2/things/$thing/datasets")->{json}, [$small], 'list of the thing');

my $r = raw($small->{uuid});
is("$r->{status} $r->{content}", "200 a,b\n1,2\n", 'content');
is($r->{headers}{'content-type'}, 'text/csv', 'media type');
is($r->{headers}{etag}, qq("$small->{checksum}"), 'entity tag');
is($r->{headers}{'accept-ranges'}, 'bytes', 'ranges are offered');
$r = $sh->request('HEAD', "$path/raw");
is("$r->{status} $r->{headers}{etag} $r->{content}", qq(200 "$small->{checksum}" ), 'HEAD');
foreach my $tag ("\"$small->{checksum}\"", $small->{checksum}, "W/\"$small->{checksum}\"", '*', "\"x\", \"$small->{checksum}\"")
{
	$r = raw($small->{uuid}, 'If-None-Match' => $tag);
	is("$r->{status} $r->{content}", '304 ', "If-None-Match: $tag");
	is($r->{headers}{etag}, qq("$small->{checksum}"), 'with the entity tag');
}
is(raw($small->{uuid}, 'If-None-Match' => '"x"')->{status}, 200, 'another entity tag');
$r = raw($small->{uuid}, Range => 'bytes=2-4');
is("$r->{status} $r->{headers}{'content-range'} $r->{content}", "206 bytes 2-4/8 b\n1", 'a range');
$r = raw($small->{uuid}, Range => 'bytes=-2', 'If-Range' => qq("$small->{checksum}"));
is("$r->{status} $r->{headers}{'content-range'} $r->{content}", "206 bytes 6-7/8 2\n", 'the end, of this content');
is(raw($small->{uuid}, Range => 'bytes=-2', 'If-Range' => '"x"')->{content}, "a,b\n1,2\n", 'a range of another content');
$r = raw($small->{uuid}, Range => 'bytes=8-');
is("$r->{status} $r->{headers}{'content-range'}", '416 bytes */8', 'a range beyond the end');

is($sh->put($path, { content => '', format => 'json' })->{status}, 204, 'put empty content');
$r = raw($small->{uuid});
is("$r->{status} $r->{content} $r->{headers}{'content-type'}", '204  application/json', 'empty content');
is($r->{headers}{etag}, '"' . sha256_hex('') . '"', 'its entity tag');
cmp_ok($sh->get($path)->{json}{updated}, 'ne', $small->{updated}, 'updated follows');

refused(raw($nowhere), 404, qr/^dataset $nowhere does not exist$/, 'content of nothing');
refused($sh->put($path, { content => 'YQ' }), 400, qr/^content: must be base64/, 'bad base64');
refused($sh->put($path, { content => undef }), 400, qr/^content: must not be null/, 'null content');
refused($sh->put($path, { content => 'A' x $mib }), 400, qr/larger than 1048576 bytes/, 'PUT of more than 1 MiB');
refused($sh->post('/v2/datasets', { name => 'big', format => 'csv', content => 'A' x (16 * $mib) }), 400,
	qr/larger than 16777216 bytes/, 'POST of more than 16 MiB');
is($sh->delete($path)->{status}, 204, 'delete');
is($sh->get($path)->{status}, 404, 'it is gone');

# ---- memory ----

# The peak of resident memory so far, in kB.
sub peak_kb
{
	my ($pid) = @_;
	my ($kb) = ShTest::read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m;
	return $kb;
}

sub backend_pids
{
	return split(/\n/, $sh->psql(q{SELECT pid FROM pg_stat_activity WHERE usename = 'selfhost_gateway' ORDER BY pid}));
}

# The bytes of a part: no two 4 KiB of all parts are the same.
sub part_bytes
{
	my ($number, $size) = @_;
	my $bytes = join('', map { md5("$number $_") x 256 } 1 .. $size / 4096);
	return $bytes . ('x' x ($size % 4096));
}

my $large = create('large', 'before');
my $base = peak_kb($sh->{pid});
my ($backend) = sort { $b <=> $a } map { peak_kb($_) } backend_pids();
my $upload = begin_upload($large->{uuid});
my @sizes = ((16 * $mib) x 5, 16 * $mib - 1234);
my $sha = Digest::SHA->new(256);
foreach my $i (0 .. $#sizes)
{
	my $bytes = part_bytes($i + 1, $sizes[$i]);
	$sha->add($bytes);
	$r = put_part($large->{uuid}, $upload, $i + 1, $bytes);
	is("$r->{status} $r->{content}", qq(200 {"message":"OK"}\n), 'part ' . ($i + 1));
}
is(raw($large->{uuid})->{content}, 'before', 'nothing shows before');
my $parts = json_is($sh->get("/v2/datasets/$large->{uuid}/parts?key=$upload"), 200, 'list of parts');
is_deeply([ map { $_->{size} } @$parts ], \@sizes, 'sizes of parts');
my $checksum = $sha->hexdigest;
my $total = 0;
$total += $_ foreach @sizes;
my $dataset = json_is(assemble($large->{uuid}, $upload), 201, 'assemble');
is("$dataset->{size} $dataset->{checksum}", "$total $checksum", 'size and checksum of all parts');

# Downloads piece by piece, and only sums up.
sub download
{
	my ($uuid, %headers) = @_;
	my $sum = Digest::SHA->new(256);
	my $agent = HTTP::Tiny->new(timeout => $ShTest::TIMEOUT);
	my $answer = $agent->get($sh->url("/v2/datasets/$uuid/raw"), {
		headers => { Authorization => $sh->authorization($sh->{token}), %headers },
		data_callback => sub { $sum->add($_[0]) } });
	return "$answer->{status} " . $sum->hexdigest;
}

is(download($large->{uuid}), "200 $checksum", 'download');
my $offset = 40 * $mib + 77;
my $tail = Digest::SHA->new(256);
$tail->add(substr(part_bytes(3, $sizes[2]), 8 * $mib + 77));
$tail->add(part_bytes($_, $sizes[ $_ - 1 ])) foreach 4 .. 6;
is(download($large->{uuid}, Range => "bytes=$offset-"), '206 ' . $tail->hexdigest, 'download from the middle on');

my $gateway = peak_kb($sh->{pid}) - $base;
cmp_ok($gateway, '<', $gateway_kb, "memory of selfserv above its base: $gateway kB");
my @backends = backend_pids();
cmp_ok(scalar(@backends), '>', 0, 'there are backends of selfserv');
foreach my $pid (@backends)
{
	my $above = peak_kb($pid) - $backend;
	cmp_ok($above, '<', $backend_kb, "memory of a backend above its base: $above kB");
}

# ---- a change during a download ----

my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$sh->{port}", Proto => 'tcp') or die "cannot connect: $!";
print $socket join("\r\n", "GET /v2/datasets/$large->{uuid}/raw HTTP/1.0", 'Authorization: ' . $sh->authorization($sh->{token}), '', '');
my $answer = '';
while (index($answer, "\r\n\r\n") < 0)
{
	sysread($socket, $answer, 65536, length($answer)) or die 'the answer has no head';
}
my $head = substr($answer, 0, index($answer, "\r\n\r\n") + 4, '');
like($head, qr{^HTTP/1\.\d 200 .*ETag: "$checksum"}s, 'a download has begun');
is($sh->put("/v2/datasets/$large->{uuid}", { content => encode_base64('after', '') })->{status}, 204, 'the content changes');
is(raw($large->{uuid})->{content}, 'after', 'the new content is there');
is($sh->psql('SELECT count(*) FROM selfhost.dataset_piece'), 1, 'and the old one is deleted');
while (sysread($socket, $answer, $mib, length($answer))) { }
close($socket);
is(sha256_hex($answer), $checksum, 'the reader gets the old content whole');
$answer = '';

# ---- errors of uploads ----

my $uuid = create('target', 'old')->{uuid};
$upload = begin_upload($uuid);
my $other = create('other', 'old')->{uuid};
my $no_upload = qr/^uploadId: this dataset has no such upload$/;
refused(put_part($nowhere, $upload, 1, 'x'), 404, qr/does not exist/, 'a part of an unknown dataset');
refused(put_part($uuid, 'unknown', 1, 'x'), 400, $no_upload, 'a part of an unknown upload');
refused(put_part($other, $upload, 1, 'x'), 400, $no_upload, 'a part of another dataset\'s upload');
refused(put_part($uuid, $upload, 0, 'x'), 400, qr/^partNumber: /, 'part 0');
refused(put_part($uuid, $upload, 10001, 'x'), 400, qr/^partNumber: /, 'part 10001');
refused(put_part($uuid, $upload, 'x', 'x'), 400, qr/^partNumber: /, 'part x');
refused(put_part($uuid, $upload, 1, 'x', md5 => md5_hex('y')), 400, qr/^Content-MD5: is not/, 'a wrong sum');
refused(put_part($uuid, $upload, 1, 'x', md5 => 'g' x 32), 400, qr/^Content-MD5: /, 'a sum that is none');
refused(put_part($uuid, $upload, 1, 'x', md5 => 'a' x 31), 400, qr/^Content-MD5: /, 'a short sum');
refused(put_part($uuid, $upload, 1, ''), 400, qr/^body: /, 'an empty part');
refused(put_part($uuid, $upload, 1, 'x' x (16 * $mib + 1)), 413, qr/larger than 16777216 bytes/, 'a part of more than 16 MiB');
refused($sh->request('PUT', "/v2/datasets/$uuid/parts?partNumber=1&uploadId=$upload", content => 'x',
	content_type => 'application/octet-stream'), 400, qr/^Content-MD5: is required$/, 'no sum');
refused($sh->request('PUT', "/v2/datasets/$uuid/parts?partNumber=1", content => 'x',
	content_type => 'application/octet-stream', headers => { 'Content-MD5' => md5_hex('x') }), 400,
	qr/^uploadId: is required$/, 'no upload');
refused(assemble($nowhere, $upload), 404, qr/does not exist/, 'assembling an unknown dataset');
refused(assemble($uuid, 'unknown'), 400, $no_upload, 'assembling an unknown upload');
foreach my $call ([ 'GET', 'parts' ], [ 'DELETE', 'uploads' ])
{
	my ($method, $below) = @$call;
	refused($sh->request($method, "/v2/datasets/$uuid/$below"), 400, qr/^uploadId: is required$/, "$method $below without an upload");
	refused($sh->request($method, "/v2/datasets/$uuid/$below?key=unknown"), 400, $no_upload, "$method $below of an unknown upload");
	refused($sh->request($method, "/v2/datasets/$nowhere/$below?key=unknown"), 404, qr/does not exist/, "$method $below of an unknown dataset");
}
sub no_content
{
	my ($message, $what) = @_;
	my $answer = assemble($uuid, $upload);
	is("$answer->{status} $answer->{headers}{'content-type'} $answer->{content}",
		qq(400 application/json {"message":"$message"}\n), $what);
	return;
}
no_content('InvalidPart', 'no part');
is(put_part($uuid, $upload, 2, 'end')->{status}, 200, 'part 2');
no_content('InvalidPartOrder', 'no part 1');
is(put_part($uuid, $upload, 1, 'x' x (5 * $mib - 1))->{status}, 200, 'a short part 1');
no_content('EntityTooSmall', 'a short part');
is(raw($uuid)->{content}, 'old', 'the content is as it was');
is(put_part($uuid, $upload, 1, 'x' x (5 * $mib))->{status}, 200, 'part 1 again');
is($sh->request('POST', "/v2/datasets/$uuid/assemble?partNumber=1&uploadId=$upload")->{status}, 400, 'no sum at assembling');
json_is(assemble($uuid, $upload), 201, 'it can be completed');
is(raw($uuid, Range => 'bytes=5242878-')->{content}, 'xxend', 'both parts are there');
refused(assemble($uuid, $upload), 400, $no_upload, 'assembling again');
$upload = begin_upload($uuid);
is(put_part($uuid, $upload, 1, 'x')->{status}, 200, 'a part of another upload');
is($sh->delete("/v2/datasets/$uuid/uploads?uploadId=$upload")->{status}, 204, 'given up');
refused(put_part($uuid, $upload, 1, 'x'), 400, $no_upload, 'a part of an upload that was given up');
is($sh->psql('SELECT count(*) FROM selfhost.dataset_piece p WHERE NOT EXISTS
	(SELECT FROM selfhost.dataset d WHERE d.content = p.content)'), 0, 'nothing is left of it');

$sh->stop_selfserv;
done_testing();
