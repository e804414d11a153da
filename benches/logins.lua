-- Logins of random users, each with the right password; the token comes from the command line.
local token, users, passwords = nil, 10000, 32
function init(args)
  token = args[1]
  math.randomseed(os.time())
  wrk.method = "POST"
  wrk.headers["Authorization"] = "Bearer " .. token
  wrk.headers["Content-Type"] = "application/json"
end
function request()
  local n = math.random(users)
  local body = string.format('{"identifier": "user%d@example.test", "password": "password%d"}', n, n % passwords)
  return wrk.format(nil, "/v1/bench/login", nil, body)
end
function done(summary)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration, failed))
end
