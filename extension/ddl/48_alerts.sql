-- Alerts. They have no owner: every right on them is by policy.

CREATE VIEW selfhost._alert_json AS
    SELECT a.uuid, a.resource, a.environment, a.event,
           (SELECT row_to_json(r) FROM (
                SELECT selfhost._rfc3339(a.created) AS created, a.description, a.duplicate,
                       a.environment, a.event,
                       selfhost._rfc3339(a.last_receive_time) AS last_receive_time, a.origin,
                       a.previous_severity,
                       translate(encode(a.rawdata, 'base64'), E'\n', '') AS rawdata,
                       a.resource, a.service, a.severity, selfhost._alert_status(a) AS status,
                       a.tags, a.timeout, a.uuid, a.value) AS r) AS json
    FROM selfhost.alert AS a;

CREATE FUNCTION selfhost._no_alert(alert_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._refuse('P0002', format('alert %s does not exist', alert_uuid));
END
$$;

-- The alert that a body describes; NULL where a member is absent.
CREATE FUNCTION selfhost._body_alert(body jsonb, required boolean) RETURNS selfhost.alert
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    alert selfhost.alert;
BEGIN
    alert.resource := selfhost._body_text(body, 'resource', required, max_length => 500);
    alert.environment := selfhost._body_text(body, 'environment', required, max_length => 500);
    alert.event := selfhost._body_text(body, 'event', required, max_length => 500);
    alert.severity :=
        selfhost._body_choice(body, 'severity', enum_range(NULL::selfhost.alert_severity), required);
    alert.status := selfhost._body_choice(body, 'status', enum_range(NULL::selfhost.alert_status));
    alert.service := selfhost._body_texts(body, 'service', max_length => 500);
    alert.value := selfhost._body_text(body, 'value', required);
    alert.description := selfhost._body_text(body, 'description', required);
    alert.origin := selfhost._body_text(body, 'origin', required, max_length => 500);
    alert.tags := selfhost._body_tags(body);
    alert.timeout := selfhost._body_integer(body, 'timeout');
    alert.rawdata := selfhost._body_base64(body, 'rawdata');
    RETURN alert;
END
$$;

-- Waits until no other transaction reports or deletes alerts of this key: see ddl/37_alerts.sql.
CREATE FUNCTION selfhost._lock_alert_key(merge_key bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO selfhost.alert_key (key) VALUES (merge_key)
        ON CONFLICT (key) DO UPDATE SET key = excluded.key;
END
$$;

-- Takes the row of a key away, which the caller has locked, when no alert has it any more.
CREATE FUNCTION selfhost._forget_alert_key(merge_key bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM selfhost.alert_key AS k
        WHERE k.key = merge_key
          AND NOT EXISTS (
              SELECT FROM selfhost.alert AS a
              WHERE selfhost._alert_key(a.resource, a.environment, a.event, a.origin) = merge_key);
END
$$;

-- The alert that a report of this key goes into, locked: the latest that is not closed and not past
-- its time-out. NULL: there is none.
CREATE FUNCTION selfhost._find_alert(merge_key bytea, received timestamptz) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT a.uuid FROM selfhost.alert AS a
            WHERE selfhost._alert_key(a.resource, a.environment, a.event, a.origin) = merge_key
              AND a.status IN ('open', 'acknowledge', 'shelve')
              AND selfhost._alert_end(a) >= received
            ORDER BY coalesce(a.last_receive_time, a.created) DESC, a.uuid
            LIMIT 1 FOR UPDATE);
END
$$;

-- Reports an alert: returns the uuid of the one it was merged with, or of a new one. Of the report's
-- members status, service, tags, timeout and rawdata may be NULL. A report that is open, or tells no
-- status, does not reopen what somebody has acknowledged or shelved.
CREATE FUNCTION selfhost._report_alert(report selfhost.alert) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    merge_key bytea := selfhost._alert_key(report.resource, report.environment, report.event,
                                           report.origin);
    received  timestamptz;
    found     uuid;
BEGIN
    report.service := coalesce(report.service, '{}');
    report.tags := coalesce(report.tags, '{}');
    report.timeout := coalesce(report.timeout, 3600);
    report.rawdata := coalesce(report.rawdata, '');
    PERFORM selfhost._lock_alert_key(merge_key);
    received := clock_timestamp();
    found := selfhost._find_alert(merge_key, received);
    IF found IS NULL THEN
        INSERT INTO selfhost.alert AS a
                (resource, environment, event, severity, status, service, value, description,
                 origin, tags, created, timeout, rawdata)
            VALUES (report.resource, report.environment, report.event, report.severity,
                    coalesce(report.status, 'open'), report.service, report.value,
                    report.description, report.origin, report.tags, received, report.timeout,
                    report.rawdata)
            RETURNING a.uuid INTO found;
        RETURN found;
    END IF;
    UPDATE selfhost.alert AS a
        SET severity = report.severity,
            previous_severity =
                CASE WHEN report.severity <> a.severity THEN a.severity ELSE a.previous_severity END,
            status = coalesce(nullif(report.status, 'open'), a.status),
            service = report.service, value = report.value, description = report.description,
            tags = report.tags, timeout = report.timeout, rawdata = report.rawdata,
            duplicate = a.duplicate + 1, last_receive_time = received
        WHERE a.uuid = found;
    RETURN found;
END
$$;

-- limit: 20 where it is not given. An empty text is no filter. severity_le: this severe or less;
-- severity_ge: this severe or more. tags, service: with at least one of them. count: tells how many the
-- caller may read. Rights are checked in the order of the list, until the page is full.
CREATE FUNCTION selfhost.list_alerts(
    "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, resource text DEFAULT NULL,
    environment text DEFAULT NULL, event text DEFAULT NULL, origin text DEFAULT NULL,
    status selfhost.alert_status DEFAULT NULL, severity selfhost.alert_severity DEFAULT NULL,
    severity_le selfhost.alert_severity DEFAULT NULL,
    severity_ge selfhost.alert_severity DEFAULT NULL,
    tags text[] DEFAULT NULL, service text[] DEFAULT NULL, count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    f_resource    text := nullif(list_alerts.resource, '');
    f_environment text := nullif(list_alerts.environment, '');
    f_event       text := nullif(list_alerts.event, '');
    f_origin      text := nullif(list_alerts.origin, '');
    page_size     integer := coalesce("limit", 20);
    query         text;
BEGIN
    PERFORM selfhost._require('read', 'alerts');
    query := selfhost._query('resource', ARRAY[f_resource])
        || selfhost._query('environment', ARRAY[f_environment])
        || selfhost._query('event', ARRAY[f_event])
        || selfhost._query('origin', ARRAY[f_origin])
        || selfhost._query('status', ARRAY[list_alerts.status::text])
        || selfhost._query('severity', ARRAY[list_alerts.severity::text])
        || selfhost._query('severity_le', ARRAY[severity_le::text])
        || selfhost._query('severity_ge', ARRAY[severity_ge::text])
        || selfhost._query('tags', list_alerts.tags)
        || selfhost._query('service', list_alerts.service);
    RETURN (
        WITH matching AS (
            SELECT s.uuid
            FROM (SELECT a.uuid FROM selfhost.alert AS a
                  WHERE (f_resource IS NULL OR a.resource = f_resource)
                    AND (f_environment IS NULL OR a.environment = f_environment)
                    AND (f_event IS NULL OR a.event = f_event)
                    AND (f_origin IS NULL OR a.origin = f_origin)
                    AND (list_alerts.severity IS NULL OR a.severity = list_alerts.severity)
                    -- The most severe is the first of the enum, hence the least.
                    AND (severity_le IS NULL OR a.severity >= severity_le)
                    AND (severity_ge IS NULL OR a.severity <= severity_ge)
                    AND (list_alerts.tags IS NULL OR a.tags && list_alerts.tags)
                    AND (list_alerts.service IS NULL OR a.service && list_alerts.service)
                    -- First what is cheap to see: only those of two statuses expire.
                    AND (list_alerts.status IS NULL OR a.status = list_alerts.status
                         OR list_alerts.status = 'expire' AND a.status IN ('open', 'acknowledge'))
                    AND (list_alerts.status IS NULL
                         OR selfhost._alert_status(a) = list_alerts.status)
                  ORDER BY a.resource, a.environment, a.event, a.uuid OFFSET 0) AS s
            WHERE selfhost.can_read('alerts', s.uuid)
            -- More than the page only to be counted.
            LIMIT CASE WHEN count THEN NULL
                       ELSE coalesce("offset", 0)::bigint + page_size + 1 END)
        SELECT selfhost._list_answer('alerts', query, page_size, "offset",
            CASE WHEN count THEN (SELECT count(*) FROM matching) END,
            ARRAY(SELECT j.json
                  FROM (SELECT m.uuid FROM matching AS m
                        LIMIT page_size + 1::bigint OFFSET "offset") AS page
                  JOIN selfhost._alert_json AS j ON j.uuid = page.uuid
                  ORDER BY j.resource, j.environment, j.event, j.uuid)));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_alerts(
    integer, integer, text, text, text, text, selfhost.alert_status, selfhost.alert_severity,
    selfhost.alert_severity, selfhost.alert_severity, text[], text[], boolean)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.create_alert(body jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require('create', 'alerts');
    RETURN json_build_object('uuid',
        selfhost._report_alert(selfhost._body_alert(body, required => true)));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_alert(jsonb) TO selfhost_gateway, selfhost_sql;

-- Does an If-None-Match header name this tag, given without quotes?
CREATE FUNCTION selfhost._etag_matches(if_none_match text, tag text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_etag_matches' LANGUAGE C IMMUTABLE;

-- The ETag is that of the text, since the status changes without a write.
CREATE FUNCTION selfhost.get_alert(uuid uuid, if_none_match text DEFAULT NULL)
    RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer bytea;
    tag    text;
BEGIN
    PERFORM selfhost._require('read', selfhost._resource('alerts', uuid));
    SELECT convert_to(j.json::text || E'\n', 'UTF8') INTO answer
        FROM selfhost._alert_json AS j WHERE j.uuid = get_alert.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_alert(uuid);
    END IF;
    tag := substr(encode(sha256(answer), 'hex'), 1, 32);
    IF selfhost._etag_matches(if_none_match, tag) THEN
        RETURN ROW(304, NULL, ARRAY[format('ETag: "%s"', tag)], NULL)::selfhost.http_response;
    END IF;
    RETURN ROW(200, 'application/json', ARRAY[format('ETag: "%s"', tag)],
               answer)::selfhost.http_response;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_alert(uuid, text) TO selfhost_gateway, selfhost_sql;

-- A change of what repetitions have in common leaves the row of the old key to nobody.
CREATE FUNCTION selfhost.update_alert(uuid uuid, body jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new     selfhost.alert;
    old_key bytea;
BEGIN
    PERFORM selfhost._require('update', selfhost._resource('alerts', uuid));
    new := selfhost._body_alert(body, required => false);
    IF body ?| ARRAY['resource', 'environment', 'event', 'origin'] THEN
        old_key := (SELECT selfhost._alert_key(a.resource, a.environment, a.event, a.origin)
                    FROM selfhost.alert AS a WHERE a.uuid = update_alert.uuid);
        IF old_key IS NOT NULL THEN
            PERFORM selfhost._lock_alert_key(old_key);
        END IF;
    END IF;
    UPDATE selfhost.alert AS a
        SET resource = coalesce(new.resource, a.resource),
            environment = coalesce(new.environment, a.environment),
            event = coalesce(new.event, a.event),
            severity = coalesce(new.severity, a.severity),
            previous_severity =
                CASE WHEN new.severity <> a.severity THEN a.severity ELSE a.previous_severity END,
            status = coalesce(new.status, a.status),
            service = coalesce(new.service, a.service),
            value = coalesce(new.value, a.value),
            description = coalesce(new.description, a.description),
            origin = coalesce(new.origin, a.origin),
            tags = coalesce(new.tags, a.tags),
            timeout = coalesce(new.timeout, a.timeout),
            rawdata = coalesce(new.rawdata, a.rawdata)
        WHERE a.uuid = update_alert.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_alert(uuid);
    END IF;
    PERFORM selfhost._forget_alert_key(old_key);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.update_alert(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.delete_alert(uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_key bytea;
BEGIN
    PERFORM selfhost._require('delete', selfhost._resource('alerts', uuid));
    old_key := (SELECT selfhost._alert_key(a.resource, a.environment, a.event, a.origin)
                FROM selfhost.alert AS a WHERE a.uuid = delete_alert.uuid);
    IF old_key IS NOT NULL THEN
        PERFORM selfhost._lock_alert_key(old_key);
    END IF;
    DELETE FROM selfhost.alert AS a WHERE a.uuid = delete_alert.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_alert(uuid);
    END IF;
    PERFORM selfhost._forget_alert_key(old_key);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_alert(uuid) TO selfhost_gateway, selfhost_sql;
