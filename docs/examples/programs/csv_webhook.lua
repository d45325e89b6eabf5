-- Webhook: takes readings as CSV, as loggers send them, and stores them.
--
--     sensor,time,value
--     roof,2026-03-01T12:00:00Z,4.2
--
-- All or nothing: a line that is wrong is told by its number, and nothing is stored. Sent again, it changes nothing.

local settings = {
	-- what the logger calls it = uuid of a time series
	series = {
		roof = "00000000-0000-0000-0000-000000000001",
		cellar = "00000000-0000-0000-0000-000000000002",
	},
	max_lines = 5000,
}

local api, cgi, json, text, times = import("selfapi"), import("cgi"), import("json"), import("text"), import("times")

local function answer(status, body)
	cgi.response.status(status)
	cgi.response.headers("Content-Type", "application/json")
	cgi.response.write(json.encode(body))
end

-- One row, or nil and what is wrong with the line.
local function read_line(line)
	local fields = text.split(line, ",")
	if #fields ~= 3 then
		return nil, "must have three fields: sensor, time, value"
	end
	local sensor, time, value = text.trim_space(fields[1]), text.trim_space(fields[2]), text.trim_space(fields[3])
	if not settings.series[sensor] then
		return nil, "sensor: is not known"
	end
	if not pcall(times.parse, times.format_rfc3339, time) then
		return nil, "time: must be a time as 2026-03-01T12:00:00Z"
	end
	-- tonumber() takes hexadecimal numbers, too, and "inf", "nan" and what is too large are no readings.
	local number = text.re_match("^[-+]?[0-9.]+([eE][-+]?[0-9]+)?$", value) and tonumber(value)
	if not number or number == math.huge or number == -math.huge then
		return nil, "value: must be a number"
	end
	return {uuid = settings.series[sensor], ts = time, v = number}
end

local function read_body(body)
	local rows, faults = {}, json.array()
	local number = 0
	for line in (body .. "\n"):gmatch("([^\n]*)\n") do
		number = number + 1
		line = text.trim_space(line)
		if line ~= "" and not (number == 1 and line == "sensor,time,value") then
			local row, why = read_line(line)
			if row then
				rows[#rows + 1] = row
			elseif #faults < 20 then
				faults[#faults + 1] = {line = number, error = why}
			end
			if number > settings.max_lines then
				return nil, {{line = number, error = ("more than %d lines"):format(settings.max_lines)}}
			end
		end
	end
	return rows, faults
end

if cgi.request.method() ~= "POST" then
	return answer(405, {error = "send the readings by POST"})
end
local rows, faults = read_body(cgi.request.body())
if #faults > 0 then
	return answer(400, {stored = 0, errors = faults})
end
if #rows == 0 then
	return answer(400, {stored = 0, errors = {{line = 1, error = "there are no readings"}}})
end
local good, why = api.timeseries.add_rows(rows, {conflict = "skip"})
if not good then
	return answer(502, {stored = 0, error = why})
end
answer(200, {stored = #rows})
