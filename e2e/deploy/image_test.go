package deploy

import (
	"debug/elf"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestDockerfile(t *testing.T) {
	d := parseDockerfile(text(t, "Dockerfile"))

	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(text(t, "go.mod"))
	if version == nil || !strings.HasPrefix(d[0].args, "golang:"+version[1]+" ") {
		t.Errorf("the build stage is %q, but go.mod asks for Go %q", d[0].args, version)
	}
	if from := d.last("FROM"); from != "scratch" {
		t.Errorf("the image is made of %s; want scratch", from)
	}
	// Kubernetes can verify runAsNonRoot of a numeric user only.
	if user := d.last("USER"); !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("USER is %q; want a numeric user and group other than root", user)
	}
	for _, env := range d.all("ENV") {
		if strings.Contains(env, "LISTEN") {
			t.Errorf("the image must not choose an address: ENV %s", env)
		}
	}
	if entry, err := d.command("ENTRYPOINT"); err != nil || !slices.Contains(destinations(d), entry[0]) {
		t.Errorf("ENTRYPOINT %v (%v) is not among the copied files %v", entry, err, destinations(d))
	}

	_, build, err := d.buildCommand("/built")
	if err != nil {
		t.Fatal(err)
	}
	if pkg := build[len(build)-1]; text(t, pkg+"/main.go") == "" {
		t.Errorf("nothing to build in %s", pkg)
	}
	produced := d.output()
	for _, i := range d {
		if i.name != "COPY" {
			continue
		}
		args := strings.Fields(i.args)
		if strings.HasPrefix(args[0], "--from=") {
			// Made by the build stage: the binary, or a part of the Go image.
			if src := args[1]; src != produced && src != "/etc/ssl/certs/ca-certificates.crt" {
				t.Errorf("COPY %s: the build stage has no %s", i.args, src)
			}
			continue
		}
		for _, src := range args[:len(args)-1] {
			if _, err := os.Stat(filepath.Join(root, src)); err != nil {
				t.Errorf("COPY %s: %v", i.args, err)
			}
		}
	}
}

// output is where the build stage puts the binary.
func (d dockerfile) output() string {
	for _, i := range d {
		if _, rest, ok := strings.Cut(i.args, " -o "); ok && i.name == "RUN" {
			return strings.Fields(rest)[0]
		}
	}
	return ""
}

// destinations are the files that the last stage copies.
func destinations(d dockerfile) []string {
	var out []string
	for _, c := range d.all("COPY") {
		out = append(out, c[strings.LastIndexByte(c, ' ')+1:])
	}
	return out
}

// TestBinaryIsStatic: on an empty image there is no loader and no library.
func TestBinaryIsStatic(t *testing.T) {
	if runtime.GOOS != "linux" {
		missing(t, "Linux")
	}
	f, err := elf.Open(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary has a %s segment, so it is not static", p.Type)
		}
	}
}
