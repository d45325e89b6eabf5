# What selfserv serves from files: the documentation page and openapi.yaml.
use strict;
use warnings;

use HTTP::Tiny;
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use Test::More;
use ShTest;

my $top = $ENV{SELFHOST_SOURCE};
my $sh = ShTest->new('static', conf => { 'log.level' => 'info' });
my $page = '/static/swagger-ui/';

die qq(gateway/swagger-ui is missing: run "make deps" and "make all"\n)
  unless -e "$top/gateway/swagger-ui/swagger-ui-bundle.js";

# ---- the page ----

my $r = $sh->get($page, token => undef);
is($r->{status}, 200, 'the page, without credentials');
is($r->{headers}{'content-type'}, 'text/html; charset=utf-8', 'is HTML');
is($r->{content}, ShTest::read_file("$top/gateway/static/index.html"), 'is our index.html');
like($r->{headers}{'content-security-policy'}, qr/^default-src 'none'; script-src 'self'; /, 'may run only scripts of ours');
is($r->{headers}{'x-content-type-options'}, 'nosniff', 'is what its type says');
unlike($r->{content}, qr{https?:|<script>|<style|style=|\son\w+=}, 'loads nothing from elsewhere, has no inline code');
is($sh->get("${page}index.html", token => undef)->{content}, $r->{content}, 'also under its own name');

# All that the page names is there.
my %type = (css => 'text/css; charset=utf-8', js => 'text/javascript; charset=utf-8', png => 'image/png');
my @parts = $r->{content} =~ /(?:src|href)="([\w.-]+)"/g;
cmp_ok(scalar(@parts), '>=', 5, 'the page has its parts');
foreach my $name (@parts)
{
	my $part = $sh->get("$page$name", token => undef);
	is($part->{status}, 200, $name);
	is($part->{headers}{'content-type'}, $type{ ($name =~ /(\w+)$/)[0] }, "$name: its type");
	is($part->{content}, ShTest::read_file("$top/gateway/swagger-ui/$name"), "$name: its bytes");
}

# ---- compressed ----

$r = $sh->get("${page}swagger-ui.css", token => undef, headers => { 'Accept-Encoding' => 'br, gzip' });
is($r->{headers}{'content-encoding'}, 'gzip', 'a large file, for who accepts gzip');
is($r->{headers}{vary}, 'Accept-Encoding', 'depends on that');
gunzip(\$r->{content} => \my $unpacked) or die "cannot unpack: $GunzipError";
my $plain = $sh->get("${page}swagger-ui.css", token => undef, headers => { 'Accept-Encoding' => 'gzip;q=0' });
is($plain->{headers}{'content-encoding'}, undef, 'not for who does not');
is($plain->{headers}{vary}, 'Accept-Encoding', 'which depends on that, too');
is($unpacked, $plain->{content}, 'has the same contents');
isnt($r->{headers}{etag}, $plain->{headers}{etag}, 'and another tag');
$r = $sh->get("${page}swagger-ui.css", token => undef,
	headers => { 'Accept-Encoding' => 'gzip', 'If-None-Match' => $r->{headers}{etag} });
is($r->{status}, 304, 'which is known again');

# ---- openapi.yaml ----

$r = $sh->get('/openapi.yaml', token => undef);
is("$r->{status} $r->{headers}{'content-type'}", '200 application/yaml', 'openapi.yaml');
is($r->{content}, ShTest::read_file("$top/gateway/openapi.yaml"), 'is the file');

# ---- HEAD, tags ----

my $etag = $r->{headers}{etag};
like($etag, qr/^"[0-9a-f]{32}"$/, 'a tag');
is($r->{headers}{'cache-control'}, 'no-cache', 'is asked for again');
my $head = $sh->request('HEAD', '/openapi.yaml', token => undef);
is("$head->{status} $head->{content}", '200 ', 'HEAD');
is($head->{headers}{$_}, $r->{headers}{$_}, "HEAD: the same $_") foreach qw(content-length content-type etag);
foreach my $case ([ $etag, 304 ], [ "W/$etag", 304 ], [ '*', 304 ], [ "\"x\", $etag", 304 ], [ '"x"', 200 ])
{
	$r = $sh->get('/openapi.yaml', token => undef, headers => { 'If-None-Match' => $case->[0] });
	is($r->{status}, $case->[1], "If-None-Match: $case->[0]");
	is($r->{headers}{etag}, $etag, 'with the tag');
	is($r->{headers}{'content-length'}, $head->{headers}{'content-length'}, 'with the length of the file');
	is($r->{content} // '', '', 'without a body') if $r->{status} == 304;
}

# ---- other paths ----

my $agent = HTTP::Tiny->new(max_redirect => 0);
$r = $sh->get('/static/swagger-ui', token => undef, agent => $agent);
is($r->{status}, 301, 'the page without its slash');
is($r->{headers}{location}, 'swagger-ui/', 'leads to it');
foreach my $path (
	'/static', '/static/', '/static/nowhere', "${page}nowhere.js", "${page}LICENSE", "${page}swagger-ui.css.gz", "${page}swagger-ui.lock",
	"$page../swagger-ui/", "$page../../openapi.yaml", "$page..%2f..%2fopenapi.yaml", "${page}%69ndex.html",
	"$page/index.html", "${page}index.html/", '/static//swagger-ui/', '/openapi.yaml/')
{
	is($sh->get($path, token => undef, agent => $agent)->{status}, 404, "$path is not served");
}
is($sh->request('POST', $page, json => {})->{status}, 404, 'nothing can be sent to it');

# ---- another directory, none ----

my $dir = PostgreSQL::Test::Utils::tempdir();
ShTest::write_file("$dir/index.html", '<p>mine</p>');
$sh->stop_selfserv;
$sh->{conf}{static} = $dir;
$sh->start_selfserv;
is($sh->get($page, token => undef)->{content}, '<p>mine</p>', 'a directory of one\'s own');
is($sh->get("${page}swagger-ui.css", token => undef)->{status}, 404, 'and nothing else');

$sh->stop_selfserv;
$sh->{conf}{static} = "$dir/nowhere";
$sh->start_selfserv;
is($sh->get($page, token => undef)->{status}, 404, 'a directory that is not there');
is($sh->get('/v2/users/me')->{status}, 200, 'the API is');
like(ShTest::read_file($sh->{log}), qr{"warning".*/nowhere}, 'and the log says so');
is($sh->stop_selfserv, 0, 'stopped');
done_testing();
