-- Routine: fetches the weather and stores it as points.
--
-- Takes the shape of open-meteo.com: {"current": {"time": "2026-03-01T12:00", "temperature_2m": 4.2, ...}}, times in UTC.
-- A reading that is there already stays as it is, so it may run more often than the service measures.

local settings = {
	url = "https://api.open-meteo.com/v1/forecast",
	query = {latitude = "59.33", longitude = "18.07", current = "temperature_2m,relative_humidity_2m"},
	-- name in the answer = uuid of a time series
	series = {
		temperature_2m = "00000000-0000-0000-0000-000000000001",
		relative_humidity_2m = "00000000-0000-0000-0000-000000000002",
	},
}

local api, http, json, log = import("selfapi"), import("http"), import("json"), import("log")

local response = assert(http.get(settings.url, settings.query))
if response.StatusCode ~= 200 then
	error(("the weather service answers %d"):format(response.StatusCode))
end
local answer = assert(json.decode(response.Body))
local current = type(answer) == "table" and answer.current
if type(current) ~= "table" or type(current.time) ~= "string" then
	error("the answer has no current.time")
end

-- "2026-03-01T12:00" is a time without seconds and zone.
local time = current.time
if time:match("^%d+%-%d+%-%d+T%d+:%d+$") then
	time = time .. ":00Z"
end

local rows, missing = {}, {}
for name, series in pairs(settings.series) do
	local value = current[name]
	if type(value) == "number" then
		rows[#rows + 1] = {uuid = series, ts = time, v = value}
	else
		missing[#missing + 1] = name
	end
end

if #rows > 0 then
	assert(api.timeseries.add_rows(rows, {conflict = "skip"}))
end
log.info("%s: %d readings", time, #rows)
if #missing > 0 then
	table.sort(missing)
	error("no number in the answer: " .. table.concat(missing, ", "))
end
