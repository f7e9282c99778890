package support

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// elided stands for the directories of a path.
const elided = "…/"

// withoutPaths shortens the paths of files in a dump of the configuration to
// their last element: directories name users and hosts. A dump has one key a
// line, and a comment that may name the file which it came from.
func withoutPaths(dump []byte) []byte {
	lines := strings.SplitAfter(string(dump), "\n")
	for i, line := range lines {
		text, end := strings.TrimSuffix(line, "\n"), ""
		if len(text) < len(line) {
			end = "\n"
		}
		text, comment, commented := strings.Cut(text, "  # ")
		key, value, valued := strings.Cut(text, ": ")
		if name := strings.TrimSpace(key); valued && (strings.HasSuffix(name, "_file") || strings.HasSuffix(name, "_dir") || strings.HasSuffix(name, "listen")) {
			text = key + ": " + shortValue(value)
		}
		if commented {
			text += "  # " + shortPath(comment)
		}
		lines[i] = text + end
	}
	return []byte(strings.Join(lines, ""))
}

// bareMask matches a mask that stands where a dump had a plain scalar.
var bareMask = regexp.MustCompile(`(?m)(: )(\[redacted(?::[0-9a-f]{8})?\])`)

// quotedMasks quotes masks in YAML, where brackets would begin a list.
func quotedMasks(dump []byte) []byte { return bareMask.ReplaceAll(dump, []byte(`$1"$2"`)) }

// shortValue shortens a YAML scalar that is a path, or unix: and a path.
func shortValue(value string) string {
	plain, err := strconv.Unquote(value)
	if err != nil {
		return shortPath(value)
	}
	return strconv.Quote(shortPath(plain))
}

func shortPath(text string) string {
	scheme := ""
	if rest, ok := strings.CutPrefix(text, "unix:"); ok {
		scheme, text = "unix:", rest
	}
	slashed := strings.ReplaceAll(text, `\`, "/")
	if !strings.Contains(slashed, "/") {
		return scheme + text
	}
	return scheme + elided + path.Base(slashed)
}

// absolute matches an absolute path of two elements or more inside a sentence.
var absolute = regexp.MustCompile(`(^|[\s"'(=])((?:/[^\s"',:;()/]+){2,})`)

// proseWithoutPaths is withoutPaths for a sentence.
func proseWithoutPaths(text string) string {
	return absolute.ReplaceAllStringFunc(text, func(found string) string {
		m := absolute.FindStringSubmatch(found)
		return m[1] + elided + path.Base(m[2])
	})
}
