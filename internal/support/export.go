package support

import (
	"fmt"
	"strings"

	"github.com/cleengate/cleengate/internal/redact"
)

// Export writes one part of a bundle by itself: [PartReport], [PartHAR] or
// [PartCurl]. Like the bundle it gets masks of its own, and is refused if a
// secret is found in it.
func (b *Bundle) Export(name string) ([]byte, error) {
	c := b.Case
	c.Record = retag(b.Record, redact.NewMasker())
	var content []byte
	var err error
	switch name {
	case PartReport:
		content = Markdown(c)
	case PartHAR:
		content, err = HAR(c, b.Version)
	case PartCurl:
		content = Curl(c)
	default:
		err = fmt.Errorf("%s cannot be had by itself", name)
	}
	if err != nil {
		return nil, err
	}
	if err := b.scan([]part{{name, content}}); err != nil {
		return nil, err
	}
	return content, nil
}

// FileName is the name of the archive for a request id. Ids may have
// characters that a file's name may not.
func FileName(requestID string) string {
	return "cleengate-bundle-" + strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '_'
	}, requestID) + ".zip"
}
