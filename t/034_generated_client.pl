# A client made from the description of the API, as it is served, can do everything, and gets what the
# description says.
use strict;
use warnings;

use Test::More;
use ShTest;
use ShNode;

my $sh = ShTest->new('client');
my $result = ShNode::run('client.js', { url => $sh->url(''), domain => $sh->{domain}, token => $sh->{token} });
ShNode::report($result->{checks});
is(join(' ', @{ $result->{unused} }), '', 'every operation was called');
is($sh->stop_selfserv, 0, 'stopped');
done_testing();
