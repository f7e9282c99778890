package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	envPrefix = "CLEENGATE_"
	// configEnv names the configuration file where no flag does.
	configEnv = envPrefix + "CONFIG"
)

// EnvName is the environment variable of a key path: CLEENGATE_ADMIN_LISTEN
// for admin.listen. Names of map entries have no underscore, and no two keys
// share a variable.
func EnvName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// variables splits an environment as os.Environ gives it. As in a shell, the
// last of two equal names counts.
func variables(environ []string) map[string]string {
	set := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, envPrefix) {
			set[name] = value
		}
	}
	return set
}

// readEnvironment takes the keys of cfg, whose map entries are known by now,
// from variables. One that is empty counts as not set.
func readEnvironment(cfg *Config, set map[string]string) *layer {
	l := newLayer()
	cfg.keys(func(k key) {
		if k.fileOnly() {
			return
		}
		name := EnvName(k.path)
		text := strings.TrimSpace(set[name])
		if text == "" {
			return
		}
		value := raw{source: Source{Kind: FromEnvironment, Name: name}, text: text}
		if k.list() {
			value.items = splitList(value.source, text)
		}
		l.values[k.path] = value
	})
	return l
}

// splitList cuts a list at its commas; parts without content are left out.
func splitList(source Source, text string) []raw {
	items := []raw{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			items = append(items, raw{source: source, text: part})
		}
	}
	return items
}

// unknownVariables warns of CLEENGATE_ variables that no key has. Those of a
// Kubernetes Service named cleengate come as a bundle and get one sentence.
func unknownVariables(cfg *Config, set map[string]string, known []string) []string {
	names := map[string]bool{configEnv: true}
	for _, name := range known {
		names[name] = true
	}
	rules := map[string]string{}
	cfg.keys(func(k key) {
		if k.fileOnly() {
			rules[EnvName(k.path)] = k.path
		} else {
			names[EnvName(k.path)] = true
		}
	})
	var warnings, service []string
	candidates := slices.Sorted(maps.Keys(names))
	for _, name := range slices.Sorted(maps.Keys(set)) {
		switch {
		case names[name]:
		case rules[name] != "":
			warnings = append(warnings, fmt.Sprintf("%s is ignored: %s can only be set in the configuration file", name, rules[name]))
		case isServiceVariable(name, set[name]):
			service = append(service, name)
		default:
			warning := showName(name) + " is ignored: it belongs to no configuration key"
			if near := closest(strings.TrimPrefix(name, envPrefix), trimAll(candidates)); near != "" {
				warning += "; did you mean " + envPrefix + near + "?"
			}
			warnings = append(warnings, warning)
		}
	}
	if len(service) > 0 {
		warnings = append(warnings, strings.Join(service, ", ")+" ignored: Kubernetes sets such variables for a Service of this name; enableServiceLinks: false in the pod leaves them out")
	}
	return warnings
}

// trimAll cuts the common prefix, which would make every two names alike.
func trimAll(names []string) []string {
	trimmed := make([]string, len(names))
	for i, name := range names {
		trimmed[i] = strings.TrimPrefix(name, envPrefix)
	}
	return trimmed
}

// isServiceVariable knows the variables that the kubelet injects for a
// Service: NAME_PORT=tcp://10.0.0.1:80, NAME_PORT_80_TCP…, NAME_SERVICE_HOST,
// NAME_SERVICE_PORT… (Kubernetes documentation, "Service", environment
// variables).
func isServiceVariable(name, value string) bool {
	return strings.Contains(name, "_SERVICE_HOST") || strings.Contains(name, "_SERVICE_PORT") ||
		strings.Contains(name, "_PORT_") && (strings.Contains(name, "_TCP") || strings.Contains(name, "_UDP") || strings.Contains(name, "_SCTP")) ||
		strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}
