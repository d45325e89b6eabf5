-- Conversion of units: names of our own, udunits2's expressions, the rules of matching.
\set VERBOSITY terse

-- Each pair in both directions. Where factors are decimals, the result is that decimal.
SELECT from_unit, to_unit, selfhost._convert(x, from_unit, to_unit) AS there,
       selfhost._convert(y, to_unit, from_unit) AS back
FROM (VALUES
    (100, 'C', 'F', 212), (0, 'celsius', 'K', 273.15), (32, 'F', 'C', 0),
    (1, 'kWh', 'MJ', 3.6), (1, 'MWh', 'kWh', 1000), (1, 'kW', 'W', 1000), (1, 'mW', 'MW', 1e-9),
    (1, 'mile', 'km', 1.609344), (12, 'in', 'ft', 1), (3, 'feet', 'yards', 1), (1, 'km', 'metre', 1000),
    (1, 't', 'kg', 1000), (1, 'lb', 'oz', 16), (1, 'stone', 'lb', 14), (1, 'kg', 'g', 1000),
    (1, 'm3', 'l', 1000), (8, 'pints', 'gallon', 1), (1, 'fluid gallon', 'fluid pint', 8),
    (1, 'm3/s', 'm3/h', 3600), (3.6, 'm3/h', 'l/s', 1), (1, 'm3/h', 'l/h', 1000),
    (1, 'm/s', 'km/h', 3.6), (1, 'm/s', 'm/h', 3600), (1, 'km/s', 'meter/second', 1000),
    (1, 'h', 'min', 60), (1, 'hours', 's', 3600), (2, 'days', 'hr', 48), (1, 'yr', 'd', 365.25),
    (1, 'fortnight', 'day', 14), (1, 'ms', 's', 0.001), (1, 'millennium', 'centuries', 10),
    (1, 'bar', 'Pa', 100000), (1, 'atm', 'hPa', 1013.25), (1, 'mbar', 'hPa', 1), (760, 'Torr', 'atm', 1),
    (1, 'mH2O', 'kPa', 9.80665), (1, 'mmH2O', 'Pa', 9.80665), (1, 'cmH2O', 'mmH2O', 10),
    (1, 'mmHg', 'Pa', 133.322387415), (1, 'MB', 'KB', 1024), (1, 'byte', 'nibble', 2), (1, 'kb', 'b', 1000),
    (1, '%', '‰', 10), (1, 'percentage', '‱', 100), (1, 'turn', '°', 360), (180, 'degree', 'rad', pi()),
    (1, 'm', 'Å', 1e10), (1, 'N/m²', 'Pa', 1), (1, 'μm', 'nm', 1000), (1, 'µm', 'nm', 1000)
) AS v (x, from_unit, to_unit, y);

-- What udunits2 understands, alone and together with ours.
SELECT from_unit, to_unit, selfhost._convert(x, from_unit, to_unit)
FROM (VALUES
    (21.5, '°C', 'C'), (70, 'degF', 'F'), (0, 'C', 'degF'), (300, 'K', '°F'), (68, 'F', 'degC'),
    (1, 'kW.h', 'kWh'), (5, 'kWh/m2', 'MWh/m2'), (1, 'kWh', 'kW h'), (1, 'Hz', 'kHz'), (1500, 'rpm', 'rad/s'),
    (1, 'V', 'mV'), (1, 'A', 'mA'), (1, 'V.A', 'W'), (1, 'S', 'mS'), (1, 'mS/cm', 'S/m'),
    (400, 'ppm', '%'), (1, 'ppb', 'ppm'), (1, 'l/min', 'm3/h'), (1, 'm³/h', 'm3/h'), (1, 'kg/m3', 'g/l'),
    (1, 'lx', 'lux'), (1, 'inHg', 'inches of Mercury'), (1, 'T', 'mT'), (1, 'µg/m3', 'mg/m3'),
    (2, '100 W', 'W'), (1, 'm/s2', 'km/h2'), (1, 'tonne', 'ton'), (1, '1', '%')
) AS v (x, from_unit, to_unit);

-- Case: exact first; words in any case and number; symbols only where one fits.
SELECT selfhost._convert(1, 'KWH', 'J'), selfhost._convert(1, 'Kilowatthours', 'J'),
       selfhost._convert(1, 'KM/H', 'm/s'), selfhost._convert(1, 'PSI', 'Pa'), selfhost._convert(1, 'Min', 's'),
       selfhost._convert(1, 'LBS', 'kg'), selfhost._convert(1, 'mmhg', 'mmHg'), selfhost._convert(1, 'M3', 'l');
SELECT selfhost._convert(1, 'mw', 'W');
SELECT selfhost._convert(1, 'kB', 'b');

-- Units that are textually equal need not be known; spaces around them do not count otherwise.
SELECT selfhost._convert(7, 'flock of sheep', 'flock of sheep'), selfhost._convert(7, ' kW ', 'W');
SELECT selfhost._convert(7, repeat('x', 100), repeat('x', 100));

-- Refusals.
\set VERBOSITY default
SELECT selfhost._convert(1, 'W', 'J');
SELECT selfhost._convert(1, 'flock of sheep', 'W');
SELECT selfhost._convert(1, 'W', '');
SELECT selfhost._convert(1, repeat('å', 65), 'W');
\set VERBOSITY terse
SELECT selfhost._convert(1, repeat('å', 64), 'W');
SELECT selfhost._convert(1, 'degC', repeat('m ', 50));
SELECT selfhost._convert(1, '%', 'rad');
SELECT selfhost._convert(1, 'bit', '%');
-- Not of the form f x + o.
SELECT selfhost._convert(1, 's', 'Hz');
SELECT selfhost._convert(1, 'dBm', 'W');
-- Products of a symbol and s are not plurals.
SELECT selfhost._convert(1, 'mPas', 'Pa');
SELECT selfhost._convert(1, 'Ws', 'W');
-- Expressions that are nothing.
SELECT selfhost._convert(1, 'm/0', 'm');
SELECT selfhost._convert(1, '1e999 m', 'm');
SELECT selfhost._convert(1, 'm^300', 'm');
SELECT selfhost._convert(1, '((((', 'm');

-- More conversions than a backend remembers.
SELECT count(*), sum(selfhost._convert(1, i || ' W', 'W')) FROM generate_series(1, 1000) AS i;

-- The refusals carry the extension's mark, and every one is 22023.
DO $$
DECLARE
    mark text;
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[['W', 'J'], ['?', 'W'], ['W', '?'], [repeat('W', 65), 'W']] LOOP
        BEGIN
            PERFORM selfhost._convert(1, pair[1], pair[2]);
            RAISE EXCEPTION 'no error for %', pair;
        EXCEPTION WHEN invalid_parameter_value THEN
            GET STACKED DIAGNOSTICS mark = SCHEMA_NAME;
            IF mark IS DISTINCT FROM 'selfhost' THEN
                RAISE EXCEPTION 'mark is %', mark;
            END IF;
        END;
    END LOOP;
END
$$;
