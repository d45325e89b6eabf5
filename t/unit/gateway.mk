# gateway.mk: the tests of the gateway's modules that know neither libmicrohttpd nor libpq. To be
# included by Makefile, which runs what GATEWAY_TESTS names; "make -f gateway.mk check" runs them alone.

GATEWAY = ../../gateway
COMMON = ../../common
GATEWAY_TESTS = bin/test_route bin/test_arguments bin/test_reply
GATEWAY_SOURCES = $(addprefix $(GATEWAY)/, route.c route_load.c route_parameters.c openapi.c \
	arguments.c argument_value.c reply.c)
GATEWAY_CFLAGS = -std=gnu11 -g -O1 -Wall -Wextra $(EXTRA_CFLAGS) -I. -I$(COMMON) -I$(GATEWAY) \
	$(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined)
comma = ,

$(GATEWAY_TESTS): bin/%: %.c tap.h $(GATEWAY_SOURCES) $(wildcard $(GATEWAY)/*.h) \
		$(COMMON)/libshcommon.a
	@mkdir -p bin
	$(CC) $(GATEWAY_CFLAGS) -o $@ $< $(GATEWAY_SOURCES) $(COMMON)/libshcommon.a -lfyaml

ifeq ($(firstword $(MAKEFILE_LIST)),gateway.mk)
check: $(GATEWAY_TESTS)
	prove -e '' $(GATEWAY_TESTS)

.PHONY: check
endif
