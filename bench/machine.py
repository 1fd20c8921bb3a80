# SPDX-License-Identifier: Apache-2.0
"""What a measurement was made on."""
import os
import platform
import subprocess


def machine():
    def text_of(path):
        try:
            with open(path) as f:
                return f.read().strip()
        except OSError:
            return None
    cpu = [line.split(':', 1)[1].strip() for line in (text_of('/proc/cpuinfo') or '').splitlines() if 'model name' in line]
    commit = subprocess.run(['git', '-C', os.path.dirname(os.path.abspath(__file__)), 'rev-parse', 'HEAD'],
                            capture_output=True, text=True)
    return {'cpu': cpu[0] if cpu else platform.machine(), 'cpus': os.cpu_count(), 'kernel': platform.release(),
            'governor': text_of('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
            'load': os.getloadavg(), 'commit': commit.stdout.strip() or None}
