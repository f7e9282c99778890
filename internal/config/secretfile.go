package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cleengate/cleengate/internal/redact"
)

// maxSecretFile bounds a secret file; a JWT may have some KiB.
const maxSecretFile = 64 << 10

// secretFile is a secret key with the file that holds its value.
type secretFile struct {
	path string // of the secret, without the suffix _file
	file string
	list bool
}

// secretFiles lists the secrets of c that come from files.
func (c *Config) secretFiles() []secretFile {
	names := map[string]string{}
	c.keys(func(k key) {
		if k.value.Kind() == reflect.String {
			names[k.path] = k.value.String()
		}
	})
	var files []secretFile
	c.keys(func(k key) {
		if name := names[k.path+fileSuffix]; k.secret() && name != "" {
			files = append(files, secretFile{path: k.path, file: name, list: k.list()})
		}
	})
	return files
}

// read returns the secrets in the file, at least one. Errors do not show them.
func (s secretFile) read() ([]redact.Secret, error) {
	content, err := readBounded(s.file, maxSecretFile)
	if err != nil {
		return nil, fmt.Errorf("the file %s %w", showFile(s.file), err)
	}
	lines := []string{string(content)}
	if s.list {
		lines = strings.Split(lines[0], "\n")
	}
	var secrets []redact.Secret
	for _, line := range lines {
		secret, err := parseSecret(line)
		if err != nil {
			return nil, fmt.Errorf("the file %s is not usable: %w", showFile(s.file), err)
		}
		if secret.IsZero() || containsSecret(secrets, secret) {
			continue
		}
		if fault := secretShape(s.path, secret); fault != nil {
			return nil, fmt.Errorf("the file %s is not usable: %w", showFile(s.file), fault)
		}
		secrets = append(secrets, secret)
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("the file %s is empty", showFile(s.file))
	}
	return secrets, nil
}

func containsSecret(list []redact.Secret, secret redact.Secret) bool {
	for _, known := range list {
		if known.Equal(secret) {
			return true
		}
	}
	return false
}

// secretShape refuses what cannot be the secret meant: more than a line, or
// a token with quotes or spaces around or in it. The key of the state
// directory may be any bytes, since it is only digested.
func secretShape(path string, secret redact.Secret) *valueError {
	text, name := secret.Reveal(), keyOf(path)
	switch {
	case name == "state_key":
		return nil
	case strings.ContainsAny(text, "\r\n"):
		return &valueError{"it holds more than one line", "put nothing but the value in it"}
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return &valueError{"it holds a control character or is not UTF-8", "write the value as plain text"}
	case !strings.HasSuffix(strings.TrimSuffix(name, "s"), "token"):
		return nil
	case strings.ContainsFunc(text, unicode.IsSpace):
		return &valueError{"a token in it holds a space", "write one token without spaces"}
	case len(text) > 1 && strings.ContainsRune(`"'`, rune(text[0])) && text[0] == text[len(text)-1]:
		return &valueError{"a token in it stands in quotes", "leave the quotes out"}
	}
	return nil
}

func keyOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// showFile names a secret file in a message. Somebody may have put the secret
// itself where the path belongs: a long word without a dot or slash is not
// shown.
func showFile(name string) string {
	if len(name) >= 20 && !strings.ContainsAny(name, "./\\") {
		return "(name not shown, since it looks like a secret)"
	}
	return quote(name)
}

// readSecrets fills secrets from their files. A file that cannot be used is a
// fault; one that others can read is a warning.
func (a *assigner) readSecrets() {
	found := map[string][]redact.Secret{}
	for _, file := range a.cfg.secretFiles() {
		source, path := a.cfg.Source(file.path+fileSuffix), file.path+fileSuffix
		secrets, err := file.read()
		if err != nil {
			problem, remedy := err.Error(), "name a readable file that holds the value"
			if shape, ok := errors.AsType[*valueError](err); ok {
				problem, remedy = strings.TrimSuffix(problem, "; "+shape.remedy), shape.remedy
			}
			a.fault(source, path, &valueError{problem, remedy})
			continue
		}
		found[file.path] = secrets
		if mode, open := openToOthers(file.file); open {
			a.warnings = append(a.warnings, fmt.Sprintf("%s: %s: the file %s can be read by other users (mode %04o); chmod 600 it", source, path, quote(file.file), mode))
		}
	}
	inline := map[string]bool{}
	a.cfg.keys(func(k key) {
		if secrets := found[k.path]; len(secrets) > 0 {
			if k.list() {
				k.value.Set(reflect.ValueOf(secrets))
			} else {
				k.value.Set(reflect.ValueOf(secrets[0]))
			}
			return
		}
		if source := a.cfg.Source(k.path); source.Kind == FromFile && len(k.secrets()) > 0 {
			inline[source.Name] = true
		}
	})
	for name := range inline {
		if mode, open := openToOthers(name); open {
			a.warnings = append(a.warnings, fmt.Sprintf("%s holds a secret and can be read by other users (mode %04o); chmod 600 it, or move the secret to a file of its own", name, mode))
		}
	}
}

// openToOthers reports whether group or world may read a file.
func openToOthers(name string) (os.FileMode, bool) {
	info, err := os.Stat(filepath.Clean(name))
	if err != nil || runtime.GOOS == "windows" {
		return 0, false
	}
	return info.Mode().Perm(), info.Mode().Perm()&0o044 != 0
}
