
-- A new function can be executed by everybody: take that away. What was granted by name remains.
REVOKE ALL ON ALL ROUTINES IN SCHEMA selfhost FROM PUBLIC;

