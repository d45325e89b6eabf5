# The documentation page in a real browser: it loads, keeps to its policy, logs in and calls the API.
use strict;
use warnings;

use Test::More;
use ShTest;
use ShNode;

my $browser = '/usr/bin/chromium';
die qq($browser is missing: run "make deps"\n) unless -x $browser;
die qq(gateway/swagger-ui is missing: run "make deps" and "make all"\n)
  unless -e "$ENV{SELFHOST_SOURCE}/gateway/swagger-ui/swagger-ui-bundle.js";

my $sh = ShTest->new('page');

# A home of its own: the browser writes settings and caches.
local $ENV{HOME} = PostgreSQL::Test::Utils::tempdir();
my $result = ShNode::run('docs_page.js', {
	url => $sh->url(''), domain => $sh->{domain}, token => $sh->{token}, browser => $browser, profile => "$ENV{HOME}/profile" });
ShNode::report($result->{checks});
is($sh->stop_selfserv, 0, 'stopped');
done_testing();
