# Runs the scripts of t/browser with Node.js, and the npm packages in build/node.
#
#   my $result = ShNode::run('client.js', { url => ... });
#
# The script gets its argument as JSON on standard input and answers with JSON on standard output.
package ShNode;

use strict;
use warnings;

use IPC::Run;
use JSON::PP;
use Test::More;

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# Seconds until a script that has not ended is killed.
my $limit = 120;

sub run
{
	my ($script, $argument) = @_;
	my $top = $ENV{SELFHOST_SOURCE};

	die qq(build/node is missing or old: run "make deps"\n)
	  unless same("$top/build/node/fetched.json", "$top/t/browser/package-lock.json");
	my ($out, $err) = ('', '');
	my $harness;
	eval {
		local $ENV{NODE_PATH} = "$top/build/node/node_modules";
		$harness = IPC::Run::start([ 'node', "$top/t/browser/$script" ],
			'<', \$json->encode($argument), '>', \$out, '2>', \$err, IPC::Run::timeout($limit));
		$harness->finish;
		1;
	} or do {
		my $problem = $@;
		$harness->kill_kill if $harness;
		die qq($script: $problem\n$err(node is installed by "make deps")\n);
	};
	diag($err) if $err ne '';
	die "$script has ended with $?\n$out" if $?;
	return $json->decode($out);
}

sub same
{
	my ($a, $b) = @_;
	return -e $a && -e $b && ShTest::read_file($a) eq ShTest::read_file($b);
}

# Passes on what a script has found out: [ { name, good, detail } ].
sub report
{
	my ($checks) = @_;
	foreach my $check (@$checks)
	{
		ok($check->{good}, $check->{name}) or diag($check->{detail} // '');
	}
	return;
}

1;
