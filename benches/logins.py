"""Measures for benches/logins: logins per second, and get_user beside them. See README.md."""

import asyncio, os, re, statistics, subprocess, sys

PROBES_PER_SECOND = 200
CONNECTIONS = 8


def ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def storm(port, token, seconds):
    """Logins as fast as 16 connections ask for them."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--timeout", "30s", "-s", "benches/logins.lua"]
    wrk = await asyncio.create_subprocess_exec(
        *command, f"http://127.0.0.1:{port}", "--", token, stdout=subprocess.PIPE)
    output, _ = await wrk.communicate()
    requests, micros, failed = map(int, re.search(rb"RESULT (\d+) (\d+) (\d+)", output).groups())
    if failed:
        sys.exit(f"{failed} of {requests} logins failed on port {port}")
    return requests, micros / 1e6


async def ask(connection, port, token, number):
    if not connection:
        connection += await asyncio.open_connection("127.0.0.1", port)
    reader, writer = connection
    body = f'{{"user_id": "{number % 10000 + 1}"}}'
    writer.write(
        f"POST /v1/bench/get_user HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        sys.exit(f"get_user failed: {head!r}")
    await reader.readexactly(int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1]))


async def probe(port, token, seconds):
    """The 99th percentile of get_user in ms, each from when it was due: an open loop hides no pause."""
    loop, latencies, free = asyncio.get_running_loop(), [], asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait([])

    async def one(due, number):
        connection = await free.get()
        await ask(connection, port, token, number)
        free.put_nowait(connection)
        latencies.append((loop.time() - due) * 1000)

    begin, tasks = loop.time() + 0.1, []
    for number in range(seconds * PROBES_PER_SECOND):
        due = begin + number / PROBES_PER_SECOND
        await asyncio.sleep(max(0, due - loop.time()))
        tasks.append(asyncio.create_task(one(due, number)))
    await asyncio.gather(*tasks)
    return statistics.quantiles(latencies, n=100)[98]


async def measure(pid, port, token, seconds):
    before = ticks(pid)
    logins, taken = await storm(port, token, seconds)
    cpu_ms = (ticks(pid) - before) / logins * 1000
    calm = await probe(port, token, seconds)
    _, stormy = await asyncio.gather(storm(port, token, seconds + 1), probe(port, token, seconds))
    return logins / taken, cpu_ms, calm, stormy


def main():
    token, rounds, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    peers = [(name, int(pid), int(port)) for name, pid, port in (peer.split(":") for peer in sys.argv[4:])]
    results = {name: [] for name, _, _ in peers}
    for _ in range(rounds):
        for name, pid, port in peers:
            results[name].append(asyncio.run(measure(pid, port, token, seconds)))
    title = f"medians of {rounds} x {seconds} s"
    print(f"{title:24} {'logins/s':>9} {'CPU ms each':>12} {'get_user p99 calm':>18} {'in the storm':>13} {'ratio':>6}")
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}
    for name, (rate, cpu_ms, calm, stormy) in medians.items():
        print(f"{name:24} {rate:9.1f} {cpu_ms:12.1f} {calm:15.1f} ms {stormy:10.1f} ms {stormy / calm:6.1f}")
    ours, theirs = (medians[name][0] for name, _, _ in peers)
    each = [ours[0] / theirs[0] for ours, theirs in zip(*results.values())]
    print(f"logins per second, ours to theirs: {ours / theirs:.2f} ({min(each):.2f} to {max(each):.2f})")


main()
