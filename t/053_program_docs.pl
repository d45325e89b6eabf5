# The examples of docs/programs.md print what stands there, and it names every member of every module.
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use IPC::Run qw(run);
use Test::More;

my $top = "$FindBin::RealBin/..";
my $dir = tempdir(CLEANUP => 1);

open(my $file, '<', "$top/docs/programs.md") or die "cannot open docs/programs.md: $!";
my $docs = do { local $/; <$file> };
close $file;

sub run_code
{
	my ($name, $code) = @_;
	open(my $out, '>', "$dir/$name.lua") or die "cannot write: $!";
	print $out $code;
	close $out or die "cannot write: $!";
	my ($printed, $said) = ('', '');
	my $good = run [ "$top/worker/selfpwrk", 'run', "$dir/$name.lua", '--deadline', '20000' ], '<', \undef, '>', \$printed, '2>', \$said;
	$said =~ s/^(info|warning|error): //mg;
	return ($good, $said);
}

my $n = 0;
while ($docs =~ /^```lua\n(.*?)^```$/msg)
{
	my $code = $1;
	my $expected = join('', map { "$_\n" } $code =~ /^--> (.*)$/mg);
	my ($good, $said) = run_code('example' . ++$n, $code);
	ok($good, "example $n runs");
	is($said, $expected, "example $n prints what it says");
}
cmp_ok($n, '>=', 12, 'there are examples');

# ---- every member is named ----

my ($good, $members) = run_code('members', <<'LUA');
for name in ("base64 cgi enum fmt hex http json log math rand selfapi text times"):gmatch("%g+") do
	local line = {}
	local function add(t)
		for k, v in pairs(t) do
			if type(v) == "table" then add(v) else line[#line + 1] = k end
		end
	end
	add(import(name))
	table.sort(line)
	print(name .. " " .. table.concat(line, " "))
end
LUA
ok($good, 'the modules can be listed');
# "january (1) to december"
my %months = map { $_ => 1 } qw(february march april may june july august september october november);
for my $line (split /\n/, $members)
{
	my ($module, @names) = split ' ', $line;
	my @missing = grep { !$months{$_} && $docs !~ /\b\Q$_\E\b/ } @names;
	is_deeply(\@missing, [], "$module: all " . @names . ' members are described');
}

done_testing();
