-- Conversion of a value between two units (src/units.h): for checks.

CREATE FUNCTION selfhost._convert(value double precision, from_unit text, to_unit text)
    RETURNS double precision
    AS 'MODULE_PATHNAME', 'sh_convert' LANGUAGE C STRICT;

