package e2e

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// in runs a command in a directory and returns its outputs apart.
func in(t *testing.T, dir string, args ...string) (out, errs string, status int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func TestBundleCommand(t *testing.T) {
	_, upstream := startSimulator(t)
	g := startGate(t, upstreamEnv(upstream))
	dir := t.TempDir()
	bundle := func(args ...string) (out, errs string, status int) {
		return in(t, dir, append([]string{"bundle", "--admin", g.admin}, args...)...)
	}
	expect := func(what, got string, status, want int, texts ...string) {
		t.Helper()
		if status != want {
			t.Errorf("%s: exit status %d, want %d: %s", what, status, want, got)
		}
		for _, text := range texts {
			if !strings.Contains(got, text) {
				t.Errorf("%s: %q is missing in %s", what, text, got)
			}
		}
	}
	_, errs, status := bundle()
	expect("before the first call", errs, status, 1, "No exchange is recorded yet")
	_, errs, status = bundle("nobody")
	expect("no failures", errs, status, 1, "nobody", "No call has failed")

	call(t, "GET", g.url+"/locales", "", "X-Request-Id", "good")
	out, _, status := bundle()
	expect("nothing failed", out, status, 0, "wrote cleengate-bundle-good.zip", "(answered)")
	call(t, "GET", g.url+"/customers/1", "", "X-Request-Id", "bad/one:1")
	call(t, "GET", g.url+"/locales", "", "X-Request-Id", "later")
	out, _, status = bundle()
	expect("the newest failure", out, status, 0, "wrote cleengate-bundle-bad_one_1.zip", "request id: bad/one:1", "(credential_missing)", "next step: Configure one")
	name := filepath.Join(dir, "cleengate-bundle-bad_one_1.zip")
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	_, errs, status = bundle("bad/one:1")
	expect("a file that is there", errs, status, 1, "is there already", "--force")
	if err := os.WriteFile(name, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _, status = bundle("bad/one:1", "--force", "--omit", "curl.sh,config.yaml", "--omit", "quota.md")
	expect("overwriting", out, status, 0, "wrote ")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	names := func(archive []byte) (list []string) {
		z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			t.Fatalf("%v: %s", err, archive)
		}
		for _, f := range z.File {
			list = append(list, f.Name)
		}
		return list
	}
	if got := strings.Join(names(b), " "); got != "report.md exchange.har environment.md manifest.json" {
		t.Errorf("parts %s", got)
	}
	if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
		t.Errorf("overwritten with mode %v", info.Mode())
	}
	out, errs, status = bundle("bad/one:1", "-o", "-")
	if status != 0 || errs != "" || len(names([]byte(out))) < 5 {
		t.Errorf("to standard output: %d %s", status, errs)
	}
	out, _, status = bundle("good", "-o", "other.zip")
	expect("another file", out, status, 0, "wrote other.zip")
	_, errs, status = bundle("good", "-o", filepath.Join("nowhere", "x.zip"))
	expect("no such directory", errs, status, 1, "nowhere")
	_, errs, status = bundle("nobody\x1b[31m")
	expect("an unknown id", errs, status, 1, "Recent failures", "bad/one:1", "401", "GET /customers/{customerId}", "credential_missing")
	if strings.Contains(errs, "\x1b") {
		t.Errorf("a control character reaches the terminal: %q", errs)
	}
	_, errs, status = bundle("good", "--omit", "report")
	expect("an unknown part", errs, status, 1, `"report" is no part`, "report.md")
	_, errs, status = bundle("a", "b")
	expect("two ids", errs, status, 2)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".cleengate") {
			t.Errorf("%s is left behind", e.Name())
		}
	}
	g.stop()
	_, errs, status = bundle()
	expect("no running proxy", errs, status, 1, strings.TrimPrefix(g.admin, "http://"), "cleengate serve")
}

// A value that becomes a known secret after its capture is found by the last
// scan: nothing is written, and the message names part and rule. Without the
// parts the rest is.
func TestLateSecretRefusesTheBundle(t *testing.T) {
	_, upstream := startSimulator(t)
	const late = "north-wing-42-of-the-shop"
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("another-key-of-the-shop-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGate(t, append(upstreamEnv(upstream), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS_FILE="+key))
	call(t, "GET", g.url+"/customers/1", "", "X-Request-Id", "bad", "User-Agent", "tv/"+late)
	_, parts := fetched(t, g, "bad")
	if !strings.Contains(parts["report.md"], late) {
		t.Fatalf("the value is not in the report at first:\n%s", parts["report.md"])
	}
	if err := os.WriteFile(key, []byte(late+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = g.cmd.Process.Signal(syscall.SIGHUP)
	dir := t.TempDir()
	var errs string
	eventually(t, "the refusal", func() bool {
		var status int
		_, errs, status = in(t, dir, "bundle", "--admin", g.admin, "--force", "-o", "x.zip", "bad")
		if status == 0 {
			_ = os.Remove(filepath.Join(dir, "x.zip"))
		}
		return status == 1
	})
	for _, want := range []string{"was not written", "report.md (", "exchange.har (", "curl.sh (", ": plain)", "--omit report.md"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is missing in %s", want, errs)
		}
	}
	if strings.Contains(errs, late) {
		t.Errorf("the message shows it: %s", errs)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v is there", left)
	}
	for _, suffix := range []string{".har", ".curl", ".md"} {
		if status, _, body := call(t, "GET", g.admin+"/api/v1/exchanges/bad"+suffix, ""); status != 409 || strings.Contains(body, late) {
			t.Errorf("%s: %d %s", suffix, status, body)
		}
	}
	out, errs, status := in(t, dir, "bundle", "--admin", g.admin, "-o", "x.zip", "bad", "--omit", "report.md,exchange.har,curl.sh")
	if status != 0 {
		t.Errorf("without the parts: %d %s %s", status, out, errs)
	}
	g.stop()
}
