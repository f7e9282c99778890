package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of the CPU times in /proc, USER_HZ: 100 a second on
// every Linux that Go runs on (proc(5)).
const clockTick = 10 * time.Millisecond

// cpu is what the process has used so far, in user and kernel mode together. It
// counts in steps of [clockTick].
func (p *process) cpu() (time.Duration, error) {
	name := fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid)
	stat, err := os.ReadFile(name) //nolint:gosec // of a process that was started here
	if err != nil {
		return 0, err
	}
	// The command's name, in parentheses, may hold spaces; what follows does not.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const utime, stime = 11, 12 // counted from the state, the third field of the line
	if len(fields) <= stime {
		return 0, fmt.Errorf("%s: %q has too few fields", name, stat)
	}
	var ticks int64
	for _, field := range fields[utime : stime+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// resident is the memory that the process holds, in bytes.
func (p *process) resident() (int64, error) {
	name := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	status, err := os.ReadFile(name) //nolint:gosec // of a process that was started here
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", name, err)
			}
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("%s has no VmRSS", name)
}

// wait lasts d or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
