# selfctl user, group, policy, token, thing, dataset, alert: all verbs, names and uuids, JSON and tables.
use strict;
use warnings;

use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use ShTest;
use Test::More;

my $timeout = $PostgreSQL::Test::Utils::timeout_default || 180;
my $t = ShTest->new('selfctl_nouns');
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $uri = $t->{node}->connstr($t->{domain});
my $nobody = '00000000-0000-4000-8000-000000000000';
$ENV{SELFHOST_TOKEN} = $t->{token};

# Returns { code, out, err }.
sub selfctl_in
{
	my ($input, @command) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', @command, '--uri', $uri ], '<', \$input, '>', \$out, '2>', \$err,
		IPC::Run::timeout($timeout));
	return { code => $? >> 8, out => $out, err => $err };
}

sub selfctl { return selfctl_in('', @_); }

sub good
{
	my ($name, @command) = @_;
	my $r = selfctl(@command);
	is($r->{code}, 0, $name) or diag($r->{err});
	return $r->{out} =~ s/\n\z//r;
}

sub json { return decode_json(good("@_ --json", @_, '--json')); }

sub fails
{
	my ($name, $code, $like, @command) = @_;
	my $r = selfctl(@command);
	is($r->{code}, $code, "$name: exit code");
	like($r->{err}, $like, "$name: what is said");
	is($r->{out}, '', "$name: nothing on standard output");
	return;
}

sub row
{
	my ($rows, $name) = @_;
	my ($row) = grep { $_->{name} eq $name } @$rows;
	return $row;
}

my $is_uuid = qr/\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;

# The table has the columns of the JSON; headings are two spaces apart at least.
sub columns_agree
{
	my (@command) = @_;
	my $rows = json(@command);
	my ($row) = ref $rows eq 'ARRAY' ? @$rows : $rows;
	my @lines = split(/\n/, good("@command: a table", @command));
	my @headings = ref $rows eq 'ARRAY' ? split(/ {2,}/, $lines[0]) : @lines;
	is(scalar @headings, scalar keys %$row, "@command: table and JSON have the same columns") or diag("@lines");
	return;
}

# ---- users ----

my $anna = good('a user', 'user', 'create', 'anna');
like($anna, $is_uuid, 'his uuid is printed');
is(json('user', 'create', 'berta')->{name}, 'berta', 'or all of him, as JSON');
is_deeply(json('user', 'show', 'anna'), { name => 'anna', uuid => $anna, state => 'active', rate => undef, groups => [] },
	'a user by name');
is(json('user', 'show', uc $anna)->{name}, 'anna', 'and by uuid, in any case');
like(good('a table', 'user', 'list'), qr/^NAME +UUID +STATE +RATE +GROUPS\n(?:.*\n)*anna +$anna +active +- +\{\}$/m,
	'the table of users');
is_deeply([ sort map { $_->{name} } @{ json('user', 'list') } ], [qw(anna berta root)], 'all users');
columns_agree(@$_) foreach [qw(user list)], [qw(user show anna)], [qw(user groups anna)], [qw(group list)],
  [qw(group show things)], [qw(group users root)], [qw(group policies things)], [qw(policy list)], [qw(token list root)];
good('another name', 'user', 'rename', 'berta', 'berta2');
good('another state', 'user', 'set', 'berta2', '--state', 'inactive');
is(json('user', 'show', 'berta2')->{state}, 'inactive', 'it is changed');
fails('nothing to change', 2, qr/nothing is to be changed/, 'user', 'set', 'berta2');
fails('a wrong state', 1, qr/state/, 'user', 'set', 'berta2', '--state', 'asleep');
fails('a name that is taken', 1, qr/name: is already in use/, 'user', 'create', 'anna');
fails('a user who is not there', 1, qr/there is no user "carl": "selfctl user list" has them all/, 'user', 'show', 'carl');
fails('a word too few', 2, qr/selfctl user show: something is missing/, 'user', 'show');
fails('a word too many', 2, qr/selfctl user show: too many words/, 'user', 'show', 'anna', 'berta2');
fails('not without being asked', 2, qr/say --yes; the user and his tokens will be gone/, 'user', 'drop', 'berta2');

# At a terminal of its own, with that answer.
sub answer
{
	my ($answer, $command) = @_;
	local $ENV{NOUNS_URI} = $uri;
	IPC::Run::run([ 'script', '-qec', "selfctl $command --uri \"\$NOUNS_URI\"", '/dev/null' ], '<', \"$answer\n", '>',
		\my $out, IPC::Run::timeout($timeout));
	return { code => $? >> 8, out => $out };
}

my $asked = answer('n', 'user drop berta2');
is($asked->{code}, 1, 'asked, and not wanted');
like($asked->{out}, qr/Drop "berta2": the user and his tokens will be gone for good\. Do it\? \[y\/N\]/, 'the question');
like($asked->{out}, qr/nothing was dropped/, 'what became of it');
ok(row(json('user', 'list'), 'berta2'), 'he is still there');
good('one to be dropped', 'user', 'create', 'dropped');
is(answer('y', 'user drop dropped')->{code}, 0, 'asked, and wanted');
ok(!row(json('user', 'list'), 'dropped'), 'he is gone');
good('a user is dropped', 'user', 'drop', 'berta2', '--yes');
ok(!row(json('user', 'list'), 'berta2'), 'he is gone');

# ---- groups ----

my $fitters = good('a group', 'group', 'create', 'fitters');
good('another name', 'group', 'rename', $fitters, 'technicians');
good('a member', 'group', 'add-user', 'technicians', 'anna');
is_deeply(json('user', 'show', 'anna')->{groups}, ['technicians'], 'the user has the group');
is_deeply(json('group', 'users', 'technicians'), [ { name => 'anna', uuid => $anna, state => 'active' } ],
	'the group has the user');
is(row(json('user', 'groups', 'anna'), 'technicians')->{uuid}, $fitters, 'groups of a user');
is(json('group', 'show', 'technicians')->{users}, 1, 'they are counted');
fails('a group that is not there', 1, qr/there is no group "painters"/, 'group', 'add-user', 'painters', 'anna');

# ---- policies ----

my $policy = good('a policy', 'policy', 'create', '--group', 'technicians', '--effect', 'allow', '--action', 'create',
	'--resource', 'things');
my $row = { uuid => $policy, priority => 0, effect => 'allow', action => 'create', resource => 'things' };
is_deeply(json('group', 'policies', 'technicians'), [$row], 'policies of a group');
is_deeply(json('policy', 'show', $policy), { %$row, group => 'technicians' }, 'a policy');
good('it is changed', 'policy', 'set', $policy, '--priority', '7', '--resource', 'datasets');
is_deeply([ @{ json('policy', 'show', $policy) }{qw(priority resource effect)} ], [ 7, 'datasets', 'allow' ],
	'and keeps the rest');
good('and back', 'policy', 'set', $policy, '--priority', '0', '--resource', 'things');
is(json('policy', 'show', $policy)->{priority}, 0, 'priority 0 is a value');
ok((grep { $_->{uuid} eq $policy } @{ json('policy', 'list') }), 'all policies');
fails('an option is missing', 2, qr/--action is required/, 'policy', 'create', '--group', 'technicians', '--effect',
	'allow', '--resource', 'x');
columns_agree('policy', 'show', $policy);
fails('a group of nobody', 1, qr/there is no group "nobody"/, 'policy', 'create', '--group', 'nobody', '--effect',
	'allow', '--action', 'read', '--resource', 'x');
fails('a policy that is not there', 1, qr/there is no policy "$nobody"/, 'policy', 'show', $nobody);

# ---- tokens ----

my $token = json('token', 'create', 'anna', '--name', 'dashboard');
like($token->{uuid}, $is_uuid, 'a token');
my $secret = good('another token', 'token', 'create', 'anna');
unlike($secret, qr/\s/, 'only its secret is printed');
like($token->{secret}, qr/\Asecret-token[.:]\S+\z/, 'the secret in JSON');
my $listed = json('token', 'list', 'anna');
is_deeply([ map { $_->{name} } @$listed ], [qw(dashboard selfctl)], 'tokens of a user');
unlike(encode_json($listed), qr/secret/, 'without secrets');
{
	local $ENV{SELFHOST_TOKEN} = $secret;
	like(good('she has the right', 'thing', 'create', 'her own'), $is_uuid, 'who logs in with it acts');
	fails('another right she has not', 1, qr/not allowed: create:users/, 'user', 'create', 'dora');
}
good('out of the group', 'group', 'remove-user', 'technicians', 'anna');
{
	local $ENV{SELFHOST_TOKEN} = $secret;
	fails('the right is gone', 1, qr/not allowed: create:things/, 'thing', 'create', 'second');
}
fails('a token of somebody else', 1, qr/there is no token "dashboard"/, 'token', 'drop', 'root', 'dashboard', '--yes');
good('a token by name', 'token', 'drop', 'anna', 'selfctl', '--yes');
good('and by uuid', 'token', 'drop', 'anna', $token->{uuid}, '--yes');
is_deeply(json('token', 'list', 'anna'), [], 'both are gone');
is(good('no tokens', 'token', 'list', 'anna'), 'The user has no tokens.', 'an empty table says so');
{
	local $ENV{SELFHOST_TOKEN} = $secret;
	my $r = selfctl('thing', 'list');
	is($r->{code}, 1, 'and good for nothing');
	unlike($r->{err}, qr/\Q$secret\E/, 'which is said without the secret');
}
good('the policy is dropped', 'policy', 'drop', $policy, '--yes');
good('the group is dropped', 'group', 'drop', 'technicians', '--yes');
fails('it is gone', 1, qr/there is no group "technicians"/, 'group', 'show', 'technicians');

# ---- things ----

my $room = good('a thing', 'thing', 'create', 'boiler room', '--type', 'room', '--tag', 'basement', '--tag', 'warm');
is_deeply(
	json('thing', 'show', 'boiler room'),
	{
		name => 'boiler room',
		uuid => $room,
		type => 'room',
		state => 'inactive',
		tags => [qw(basement warm)],
		created_by => 'root'
	},
	'a thing');
good('it is changed', 'thing', 'set', 'boiler room', '--state', 'active', '--type', '', '--tag', '');
is_deeply([ @{ json('thing', 'show', $room) }{qw(state type tags)} ], [ 'active', undef, [] ], 'also to nothing');
good('a twin', 'thing', 'create', 'boiler room');
fails('two of one name', 1, qr/several things are called "boiler room": name one by its uuid/, 'thing', 'show', 'boiler room');
is(json('thing', 'show', $room)->{uuid}, $room, 'the uuid tells them apart');
is($t->post('/v2/timeseries', { name => 'supply', si_unit => 'C', thing_uuid => $room })->{status}, 201, 'a series')
  or diag('no series');
is_deeply([ map { $_->{name} } @{ json('thing', 'timeseries', $room) } ], ['supply'], 'series of a thing');
{
	local $ENV{SELFHOST_TOKEN} = '';
	fails('a thing of nobody', 1, qr/nobody acts here/, 'thing', 'create', 'orphan');
	ok(row(json('thing', 'list'), 'boiler room'), 'the owner sees all');
}

# ---- datasets ----

my $bytes = join('', map { chr } 0 .. 255) x 1000;
ShTest::write_file("$dir/in", $bytes);
my $dataset = good('a dataset', 'dataset', 'create', 'tariffs', '--format', 'misc', '--thing', $room, '--tag', 'money');
is_deeply([ @{ json('dataset', 'show', 'tariffs') }{qw(uuid format size thing tags)} ],
	[ $dataset, 'misc', 0, 'boiler room', ['money'] ], 'without content');
good('content from a file', 'dataset', 'put', 'tariffs', "$dir/in");
is(json('dataset', 'show', 'tariffs')->{size}, length $bytes, 'is in');
good('content into a file', 'dataset', 'get', $dataset, "$dir/out");
ok(ShTest::read_file("$dir/out") eq $bytes, 'the same comes out again');
ok(!-e "$dir/out.part", 'under its own name');
is(selfctl_in("a,b\n1,2\n", 'dataset', 'put', 'tariffs')->{code}, 0, 'from standard input');
is(selfctl('dataset', 'get', 'tariffs')->{out}, "a,b\n1,2\n", 'to standard output');
is_deeply([ map { $_->{name} } @{ json('thing', 'datasets', $room) } ], ['tariffs'], 'datasets of a thing');
is(row(json('dataset', 'list'), 'tariffs')->{uuid}, $dataset, 'all datasets');
open(my $large, '>', "$dir/large") or die "cannot write: $!";
truncate($large, 64 * 1024 * 1024 + 1) or die "cannot write: $!";
fails('too much content', 1, qr/large has more than 64 MiB: upload it in parts/, 'dataset', 'put', 'tariffs', "$dir/large");
truncate($large, 64 * 1024 * 1024) or die "cannot write: $!";
close($large) or die "cannot write: $!";
good('as much as may be', 'dataset', 'put', 'tariffs', "$dir/large");
good('and out again', 'dataset', 'get', 'tariffs', "$dir/out");
is(-s "$dir/out", 64 * 1024 * 1024, 'all of it');
fails('a file that is not there', 1, qr/cannot read .*none/, 'dataset', 'put', 'tariffs', "$dir/none");
fails('a folder that is not there', 1, qr/cannot write .*none/, 'dataset', 'get', 'tariffs', "$dir/none/x");
fails('a format is needed', 2, qr/--format is required/, 'dataset', 'create', 'second');
columns_agree(@$_) foreach [qw(thing list)], [ 'thing', 'show', $room ], [ 'thing', 'timeseries', $room ],
  [ 'thing', 'datasets', $room ], [qw(dataset list)], [qw(dataset show tariffs)];
good('a dataset is dropped', 'dataset', 'drop', 'tariffs', '--yes');
is_deeply(json('dataset', 'list'), [], 'it is gone');
good('a thing is dropped', 'thing', 'drop', $room, '--yes');

# ---- alerts ----

my $alert = good('an alert', 'alert', 'create', '--resource', 'pump1', '--event', 'overheated', '--severity', 'major',
	'--value', '91 C', '--tag', 'heat');
is(good('again', 'alert', 'create', '--resource', 'pump1', '--event', 'overheated', '--severity', 'critical'),
	$alert, 'is merged with it');
good('another', 'alert', 'create', '--resource', 'pump2', '--event', 'silent', '--severity', 'minor');
is_deeply([ @{ json('alert', 'show', $alert) }{qw(resource severity status origin duplicate)} ],
	[ 'pump1', 'critical', 'open', 'selfctl', 1 ], 'an alert, reported twice');
is_deeply([ map { $_->{resource} } @{ json('alert', 'list', '--severity', 'minor') } ], ['pump2'], 'some alerts');
is(scalar @{ json('alert', 'list') }, 2, 'all alerts');
fails('a wrong severity', 1, qr/severity/, 'alert', 'create', '--resource', 'r', '--event', 'e', '--severity', 'awful');
columns_agree(@$_) foreach [qw(alert list)], [ 'alert', 'show', $alert ];
good('an alert is dropped', 'alert', 'drop', $alert, '--yes');
fails('it is gone', 1, qr/there is no alert "$alert"/, 'alert', 'show', $alert);

# ---- help, manual page, completion ----

my ($man, $words);
IPC::Run::run([ 'selfctl', 'help', '--man' ], '>', \$man);
foreach my $noun (qw(user group policy token thing dataset alert))
{
	my ($help, $n) = ('', 0);
	IPC::Run::run([ 'selfctl', $noun, '--help' ], '>', \$help);
	like($help, qr/^Examples:$/m, "$noun: examples");
	foreach my $verb ($help =~ /^Commands:\n((?:  \S.*\n)+)/m ? $1 =~ /^  (\S+)/mg : ())
	{
		IPC::Run::run([ 'selfctl', $noun, $verb, '--help' ], '>', \my $more);
		$n++ if $more =~ /^Examples:$/m && $man =~ /^\.SS selfctl \Q$noun $verb\E\b/m;
		is($more =~ /--json/ ? 1 : 0, 1, "$noun $verb has --json") if $verb =~ /^(?:list|show|users|groups|policies)$/;
	}
	cmp_ok($n, '>=', 3, "$noun: its commands have examples and stand in the manual page");
}
IPC::Run::run([ 'bash', '-c', 'source <(selfctl help --completion); '
	  . 'COMP_WORDS=(selfctl group re); COMP_CWORD=2; _selfctl; echo "${COMPREPLY[@]}"' ], '>', \$words);
is($words, "rename remove-user\n", 'completion of verbs');

done_testing();
