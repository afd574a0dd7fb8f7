"""A program in Go with a client in it, for tests: it does what its arguments say, with settings from variables."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.clients.device import Device, Result
from tests.clients.stub import no_server
from tests.requirements import missing

D1, D2, D3, D4, D9 = "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-12-02"
START = "start=2.4.1"
BUILD = "record=build format=html seconds=2.5 draft=true"
FORCED = {"PAPERCLIP_TELEMETRY": "on"}

# Beside the client, in its package: variables of the package have their values before its init runs, in the sender too.
_SETTINGS = """package telemetry

import (
	"os"
	"strconv"
	"strings"
	"time"
)

var _ = settings()

func settings() bool {
	texts := map[string]*string{"TEST_MODE": &programMode, "TEST_KIND": &programKind, "TEST_OFF": &off}
	for variable, setting := range texts {
		if value := os.Getenv(variable); value != "" {
			*setting = value
		}
	}
	if server := os.Getenv("TEST_SERVER"); server != "" {
		endpoint = server + endpoint[strings.LastIndex(endpoint, "/e/"):]
		about = server + about[strings.LastIndex(about, "/about/"):]
	}
	reportsFromCI = os.Getenv("TEST_CI_REPORTS") != ""
	reportsFromAgents = os.Getenv("TEST_AGENTS_REPORT") != ""
	if times, err := strconv.Atoi(os.Getenv("TEST_HASTE")); err == nil {
		senderLimit /= time.Duration(times)
	}
	if os.Getenv("TEST_TWINS") != "" {
		var twins []declaredProperty
		for _, name := range []string{"twin", "twin2", "twin_"} {
			twins = append(twins, declaredProperty{name: name, kind: "flag"})
		}
		events = append(events, declaredEvent{name: "twins", until: "2027-12-31", properties: twins})
		fields = append(fields, "twins", "twins.twin flag", "twins.twin2 flag", "twins.twin_ flag")
	}
	if later := os.Getenv("TEST_SENDER_NOW"); later != "" && os.Getenv(senderVariable()) != "" {
		os.Setenv("TEST_NOW", later)
	}
	if now := os.Getenv("TEST_NOW"); now != "" {
		SetClock(now)
	}
	return true
}

func SetClock(text string) {
	os.Setenv("TEST_NOW", text) // for the sender
	began, now := time.Now(), time.Time{}
	for _, form := range []string{"2006-01-02", time.RFC3339} {
		if parsed, err := time.Parse(form, text); err == nil {
			now = parsed
		}
	}
	clock = func() time.Time { return now.Add(time.Since(began)) }
}
"""

_MAIN = """package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.org/paperclip/telemetry"
)

func main() {
	if path := os.Getenv("TEST_MARK"); path != "" {
		file, _ := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		file.WriteString("main\\n")
		file.Close()
	}
	for number, argument := range os.Args[1:] {
		name, rest, _ := strings.Cut(argument, "=")
		switch name {
		case "start":
			telemetry.Start(rest)
		case "record":
			record(rest)
		case "loop":
			times, what, _ := strings.Cut(rest, " ")
			count, _ := strconv.Atoi(times)
			for ; count > 0; count-- {
				record(what)
			}
		case "parallel":
			var group sync.WaitGroup
			for worker := 0; worker < 20; worker++ {
				group.Add(1)
				go func() {
					defer group.Done()
					record(rest)
					telemetry.Status()
				}()
			}
			group.Wait()
		case "odd":
			telemetry.Record("build", nil, telemetry.Properties{"format": 3, "seconds": "many", "draft": 1, "": nil})
			telemetry.Record("build", telemetry.Properties{"format": nil, "seconds": time.Second, "draft": "yes"})
			telemetry.Record("crash", telemetry.Properties{"class": fmt.Errorf("/home/me: %d", 1), "library": "my own"})
			telemetry.Record("", telemetry.Properties{})
		case "timer":
			event, property, _ := strings.Cut(rest, " ")
			telemetry.Timer(event, property)()
		case "clock":
			telemetry.SetClock(rest)
		case "sleep":
			duration, _ := time.ParseDuration(rest)
			time.Sleep(duration)
		case "children":
			children, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
			fmt.Println("children", len(strings.Fields(string(children))))
		case "exec":
			syscall.Exec("/proc/self/exe", append(os.Args[:1], os.Args[number+2:]...), os.Environ())
		case "upgrade":
			os.Remove(os.Args[0])
			os.WriteFile(os.Args[0], []byte("#!/bin/sh\\necho upgrade >> "+rest), 0o755)
		case "allow":
			telemetry.Allow()
		case "enable":
			fmt.Println(telemetry.Enable())
		case "disable":
			fmt.Println(telemetry.Disable())
		case "forget":
			fmt.Println(telemetry.Forget())
		case "print":
			fmt.Println(rest)
		default:
			ask := map[string]func() string{
				"status": telemetry.Status, "show": telemetry.Show, "sent": telemetry.Sent, "verify": telemetry.Verify,
			}
			fmt.Println(ask[name]())
		}
	}
}

func record(text string) {
	words := strings.Split(text, " ")
	properties := telemetry.Properties{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		properties[name] = value
		if number, err := strconv.ParseFloat(value, 64); err == nil && name != "library" {
			properties[name] = number
		} else if flag, err := strconv.ParseBool(value); err == nil {
			properties[name] = flag
		}
	}
	telemetry.Record(words[0], properties)
}
"""


def build(directory: Path, client: str) -> Path:
    """Compile a program with a client in an empty directory. Return its path.

    Its arguments are what it does, in order: `start=2.4.1`, `record=build format=html seconds=2`, `status` … Its
    variables TEST_SERVER, TEST_MODE, TEST_KIND, TEST_OFF, TEST_NOW, TEST_CI_REPORTS and TEST_AGENTS_REPORT replace what
    was declared. TEST_TWINS adds an event whose properties have names that begin alike. A sender is TEST_HASTE times as
    hasty, and its clock starts at TEST_SENDER_NOW.
    """
    write_module(directory, client)
    (directory / "main.go").write_text(_MAIN)
    (directory / "telemetry" / "settings.go").write_text(_SETTINGS)
    built = go("build", "-o", "paperclip", ".", directory=directory)
    assert built.returncode == 0, built.stderr
    return directory / "paperclip"


def write_module(directory: Path, client: str) -> None:
    """Write a Go module that has a client in its package `telemetry`."""
    (directory / "telemetry").mkdir()
    (directory / "go.mod").write_text("module example.org/paperclip\n\ngo 1.19\n")
    (directory / "telemetry" / "client.go").write_text(client)


def go(*arguments: str, directory: Path) -> "subprocess.CompletedProcess[str]":
    """Run the Go command in a module, without a network."""
    if shutil.which("go") is None:
        missing("install golang-go")
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    return subprocess.run(["go", *arguments], cwd=directory, env=environment, capture_output=True, text=True)


def tell(device: Device, program: Path, day: str = D1, **variables: str) -> Result:
    """Run a program on a terminal, so that the notice is shown if it is due."""
    return device.run_on_terminal([program, START], TEST_NOW=day, TEST_SERVER=no_server(), **variables)


def keep_choice(device: Device, text: str) -> None:
    """Write the file of the choice."""
    device.config.mkdir(parents=True, exist_ok=True)
    (device.config / "choice").write_text(text)
