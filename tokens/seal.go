package tokens

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

const (
	recordFormat  = "cleengate session"
	recordVersion = 1
)

// recordFile is the outer form of a record. Body is the JSON of recordBody,
// in base64 and encrypted if Nonce is set. Sum guards a plain body against
// damage; an encrypted one authenticates itself together with the rest.
type recordFile struct {
	Format   string          `json:"format"`
	Version  int             `json:"version"`
	Identity string          `json:"identity"`
	Nonce    string          `json:"nonce,omitempty"`
	Sum      string          `json:"sum,omitempty"`
	Body     json.RawMessage `json:"body"`
}

type recordBody struct {
	Origin     string        `json:"origin"`
	Generation uint64        `json:"generation"`
	Token      string        `json:"token"`
	Refresh    string        `json:"refresh"`
	Renewed    time.Time     `json:"renewed,omitzero"`
	Lifetime   time.Duration `json:"lifetime_nanoseconds"`
	Offset     time.Duration `json:"offset_nanoseconds"`
	Spent      []string      `json:"spent"`
}

// spoilt says why a record cannot be used. It is kept aside then.
type spoilt string

func (s spoilt) Error() string { return string(s) }

// codec writes and reads records. Without a key they are plain.
type codec struct{ aead cipher.AEAD }

// newCodec derives an AES-256-GCM key from the bytes of a key file with HKDF
// (RFC 5869). An empty key gives plain records.
func newCodec(key redact.Secret) (codec, error) {
	if key.IsZero() {
		return codec{}, nil
	}
	derived, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, recordFormat, 32)
	if err != nil {
		return codec{}, fmt.Errorf("derive the state key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return codec{}, fmt.Errorf("use the state key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return codec{}, fmt.Errorf("use the state key: %w", err)
	}
	return codec{aead: aead}, nil
}

func (c codec) encode(record Record) ([]byte, error) {
	body, err := json.Marshal(recordBody{
		Origin:     record.Origin,
		Generation: record.Generation,
		Token:      record.Token.Reveal(),
		Refresh:    record.Refresh.Reveal(),
		Renewed:    record.Renewed,
		Lifetime:   record.Lifetime,
		Offset:     record.Offset,
		Spent:      record.Spent,
	})
	if err != nil {
		return nil, fmt.Errorf("encode the session: %w", err)
	}
	file := recordFile{Format: recordFormat, Version: recordVersion, Identity: record.Identity, Body: body}
	if c.aead == nil {
		file.Sum = sum(body)
		return json.Marshal(file)
	}
	nonce := make([]byte, c.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails, see crypto/rand
	file.Nonce = base64.StdEncoding.EncodeToString(nonce)
	if file.Body, err = json.Marshal(c.aead.Seal(nil, nonce, body, additional(file))); err != nil {
		return nil, fmt.Errorf("encode the session: %w", err)
	}
	return json.Marshal(file)
}

func (c codec) decode(text []byte, identity string) (Record, error) {
	var file recordFile
	if err := json.Unmarshal(text, &file); err != nil || file.Format != recordFormat {
		return Record{}, spoilt("it is no session file")
	}
	if file.Version != recordVersion {
		return Record{}, spoilt(fmt.Sprintf("it has format version %d, and only %d is known here", file.Version, recordVersion))
	}
	if file.Identity != identity {
		return Record{}, spoilt("it belongs to another login")
	}
	plain, err := c.open(file)
	if err != nil {
		return Record{}, err
	}
	var body recordBody
	if err := json.Unmarshal(plain, &body); err != nil {
		return Record{}, spoilt("its content is damaged")
	}
	return Record{
		Identity:   file.Identity,
		Origin:     body.Origin,
		Generation: body.Generation,
		Token:      redact.New(body.Token),
		Refresh:    redact.New(body.Refresh),
		Renewed:    body.Renewed,
		Lifetime:   body.Lifetime,
		Offset:     body.Offset,
		Spent:      body.Spent,
	}, nil
}

func (c codec) open(file recordFile) ([]byte, error) {
	switch {
	case file.Nonce == "" && file.Sum != sum(file.Body):
		return nil, spoilt("its content is damaged")
	case file.Nonce == "":
		// Written before state_key_file was set: the next Save encrypts it.
		return file.Body, nil
	case c.aead == nil:
		return nil, spoilt("it is encrypted, and no state_key_file is configured")
	}
	nonce, err := base64.StdEncoding.DecodeString(file.Nonce)
	var sealed []byte
	if errors.Join(err, json.Unmarshal(file.Body, &sealed)) != nil || len(nonce) != c.aead.NonceSize() {
		return nil, spoilt("its content is damaged")
	}
	plain, err := c.aead.Open(nil, nonce, sealed, additional(file))
	if err != nil {
		return nil, spoilt("the state key is not the one it was encrypted with, or it is damaged")
	}
	return plain, nil
}

// additional is the authenticated outer part of an encrypted record.
func additional(file recordFile) []byte {
	return fmt.Appendf(nil, "%s\x00%d\x00%s", file.Format, file.Version, file.Identity)
}

func sum(body []byte) string {
	digest := sha256.Sum256(bytes.TrimSpace(body))
	return hex.EncodeToString(digest[:])
}
