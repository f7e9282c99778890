//go:build unix

package deploy

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestImageRuns starts the binary as a container would: in a root directory
// that has what the image has and cannot be written, as the image's user, with
// the image's environment and command. The authorities of the image are those
// that the upstream's certificate is verified with.
func TestImageRuns(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		missing(t, "root on Linux, to change the root directory")
	}
	upstream := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/3.1/offers" {
			http.NotFound(w, r) // it has no probes
			return
		}
		_, _ = w.Write([]byte("from upstream"))
	}))
	defer upstream.Close()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: upstream.Certificate().Raw})

	d := parseDockerfile(text(t, "Dockerfile"))
	image := t.TempDir()
	content, err := os.ReadFile(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, dst := range destinations(d) {
		if path.Base(dst) == "ca-certificates.crt" {
			write(t, image, dst, string(authority))
			continue
		}
		if err := os.Chmod(write(t, image, dst, string(content)), 0o555); err != nil {
			t.Fatal(err)
		}
	}
	inside := d.container(t, image)

	p := start(t, inside("CMD",
		"CLEENGATE_LISTEN=127.0.0.1:0", "CLEENGATE_ADMIN_LISTEN=127.0.0.1:0", "CLEENGATE_UPSTREAMS_CORE_URL="+upstream.URL))
	url, admin := p.after(t, "cleengate listens on "), p.after(t, "admin listens on ")

	health := inside("HEALTHCHECK")
	health.Args = append(health.Args, "--admin", admin)
	if out, err := health.CombinedOutput(); err != nil {
		t.Errorf("%v beside the running proxy: %v\n%s", health.Args, err, out)
	}
	if status, body := call(t, http.MethodGet, url+"/3.1/offers"); status != http.StatusOK || body != "from upstream" {
		t.Errorf("GET through the container: %d %q", status, body)
	}

	// The probe must be able to fail.
	health = inside("HEALTHCHECK")
	health.Args = append(health.Args, "--admin", upstream.URL)
	if out, err := health.CombinedOutput(); health.ProcessState.ExitCode() != 1 {
		t.Errorf("%v where no proxy answers: %v, want exit status 1\n%s", health.Args, err, out)
	}
}

// container returns commands of the image with further variables.
func (d dockerfile) container(t *testing.T, image string) func(name string, env ...string) *exec.Cmd {
	user, group, _ := strings.Cut(d.last("USER"), ":")
	uid, err := strconv.ParseUint(user, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(group, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return func(name string, env ...string) *exec.Cmd {
		args, err := d.command(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name == "CMD" {
			entry, err := d.command("ENTRYPOINT")
			if err != nil {
				t.Fatal(err)
			}
			args = append(entry, args...)
		}
		// Not exec.Command(args[0]): that would look for the program outside.
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), args[0], args[1:]...)
		cmd.Err = nil
		cmd.Dir = "/"
		cmd.Env = append(d.all("ENV"), env...)
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Chroot:     image,
			Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
		}
		return cmd
	}
}
