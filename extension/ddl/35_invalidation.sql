
-- Changes of time series drop what every backend has cached of them (src/series.c).
CREATE TRIGGER invalidate AFTER INSERT OR UPDATE OR DELETE ON selfhost.timeseries
    FOR EACH ROW EXECUTE FUNCTION selfhost._invalidate();
CREATE TRIGGER invalidate_truncated AFTER TRUNCATE ON selfhost.timeseries
    FOR EACH STATEMENT EXECUTE FUNCTION selfhost._invalidate();
ALTER TABLE selfhost.timeseries ENABLE ALWAYS TRIGGER invalidate;
ALTER TABLE selfhost.timeseries ENABLE ALWAYS TRIGGER invalidate_truncated;

