# Programs in Lua, from the schedule or a request to what is in the domain afterwards: the whole way,
# in the sandbox.
use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use ShTest;
use ShWorker;

my $sh = ShTest->new('lua');
my $worker = ShWorker->new($sh, conf => { 'workers.memory' => '64MiB' });

sub run_once
{
	my ($name, $code, %options) = @_;
	my $uuid = $worker->program($name, 'routine', $code, language => 'lua', %options);
	my $run = $worker->run_of($uuid);
	$worker->switch_off($uuid, map { $_ => $options{$_} } grep { exists $options{$_} } qw(token domain));
	return $run;
}

sub succeeds
{
	my ($name, $code, $log, %options) = @_;
	my $run = run_once($name, $code, %options);
	is($run->{state}, 'succeeded', $name) or diag($run->{error});
	like($run->{log}, $log, "$name: its log");
	return;
}

# ---- what a program does in its domain ----

my $series = $sh->post('/v2/timeseries', { name => 'outside', si_unit => 'C' })->{json}{uuid};
my $made = $sh->post('/v2/datasets', { name => 'settings', format => 'json', content => encode_base64('{"limit":20}', '') });
is($made->{status}, 201, 'a dataset') or diag($made->{content});
my $dataset = $made->{json}{uuid};

succeeds('points', <<"LUA", qr/info 2 points, the last is 21\.5$/m);
local log, selfapi = require("log"), require("selfapi")
assert(selfapi.timeseries.add("$series", {
	{ts = "2024-03-01T12:00:00Z", v = 20}, {ts = "2024-03-01T12:01:00Z", v = 21.5}}, {conflict = "replace"}))
local points = assert(selfapi.timeseries.data("$series", "2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z"))
log.info("%d points, the last is %v", #points, points[#points].v)
LUA
is(scalar(@{ $sh->get("/v2/timeseries/$series/data?start=2024-03-01T00:00:00Z&end=2024-03-02T00:00:00Z")->{json} }), 2,
	'they are in the domain');

succeeds('alert', <<"LUA", qr/info raised$/m);
local log, json, selfapi = require("log"), require("json"), require("selfapi")
local settings = json.decode(assert(selfapi.datasets.raw("$dataset")))
assert(settings.limit == 20)
assert(selfapi.alerts.create{resource = "outside", environment = "test", event = "warm", severity = "minor", value = "21.5", description = "warm", origin = "lua", tags = {"lua"}, service = {"heating"}, timeout = 60})
log.info("raised")
LUA
is($sh->get('/v2/alerts')->{json}[0]{event}, 'warm', 'it is in the list');

# ---- rights: those that owner and signer both have ----

my $user = $sh->create_user('somebody');
$sh->create_policy($user->{group}, 'allow', $_, 'programs%') foreach qw(create read update);
succeeds('rights', <<"LUA", qr/warning .*(403|not allowed|may not)/, token => $user->{token});
local log, selfapi = require("log"), require("selfapi")
local points, problem = selfapi.timeseries.data("$series", "2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z")
log.warn("%s %s", points, problem)
LUA

# ---- modules, HTTP ----

$worker->program('greeting', 'module', 'return {hello = function(name) return "hello " .. name end}', language => 'lua');
succeeds('import', 'require("log").info(import("greeting").hello("module"))', qr/info hello module$/m);
my $status = $sh->url('/status');
succeeds('http', <<"LUA", qr/info 200 \.$/m);
local log, http = require("log"), require("http")
local answer = assert(http.get("$status"))
log.info("%d %s", answer.StatusCode, answer.Body)
LUA
my $closed = PostgreSQL::Test::Cluster::get_free_port();
succeeds('refused', qq(require("log").warn("%s", select(2, require("http").get("http://localhost:$closed/")))), qr/warning .*refused/);

# ---- what goes wrong ----

sub fails
{
	my ($name, $code, $state, $error, %options) = @_;
	my $run = run_once($name, $code, %options);
	is($run->{state}, $state, "$name: $state");
	like($run->{error}, $error, "$name: why");
	return;
}

fails('error', "local a = 1\nerror('on purpose')\n", 'failed', qr/^error:2: on purpose/);
fails('syntax', "local a = = 1\n", 'failed', qr/^syntax:1: .*near '='/);
fails('loop', 'while true do end', 'timeout', qr/deadline/, deadline => 300);
fails('memory', 'local t = {} for i = 1, 1e9 do t[i] = tostring(i) .. "xxxxxxxxxxxxxxxx" end', 'failed', qr/memory/, deadline => 60000);
fails('library', 'require("log").info(tostring(os), tostring(io)) os.execute("true")', 'failed', qr/nil value/);

# ---- webhooks ----

my $hook = $worker->program('hook', 'webhook', <<'LUA', language => 'lua');
local cgi, json = require("cgi"), require("json")
local request = json.decode(cgi.request.body())
cgi.response.status(201)
cgi.response.headers("X-Answer", cgi.request.headers()["X-Probe"])
cgi.response.headers("Content-Type", "application/json")
cgi.response.write(json.encode{method = cgi.request.method(), sum = request.a + request.b})
LUA
my $r = $sh->post("/v2/programs/$hook/webhook", { a => 1, b => 2 }, headers => { 'X-Probe' => 'probe' });
is($r->{status}, 201, 'the status of a webhook') or diag($r->{content});
is($r->{headers}{'x-answer'}, 'probe', 'its header');
is_deeply($r->{json}, { method => 'POST', sum => 3 }, 'its body');

is($worker->stop, 0, 'the worker stops');
done_testing();
