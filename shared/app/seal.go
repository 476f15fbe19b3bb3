package app

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// sealSecret is the secret in Key Vault by which texts are sealed that stand in the tables: whoever can read the
// tables alone reads no names. The first process that needs it makes it.
const sealSecret = "cosell-seal"

const (
	sealKey = 32 // bytes: AES-256
	// sealTime is how long a job waits for the key, and sealAgain how soon it is asked for once more.
	sealTime  = 5 * time.Second
	sealAgain = time.Minute
)

// seal implements ledger.Sealer.
type seal struct {
	secrets partnercenter.Secrets
	now     func() time.Time
	told    func(error) // how asking for the key has ended

	turn  chan struct{} // who has its token may ask the vault: a lock would make others wait beyond their time
	aead  cipher.AEAD
	tried time.Time // in vain
}

func newSeal(secrets partnercenter.Secrets, now func() time.Time, told func(error)) *seal {
	s := &seal{secrets: secrets, now: now, told: told, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// key gives the cipher, asking for its key until it is there.
func (s *seal) key(ctx context.Context) (cipher.AEAD, bool) {
	if enter(ctx, s.turn) != nil {
		return nil, false
	}
	defer func() { s.turn <- struct{}{} }()
	if s.aead != nil || !s.tried.IsZero() && s.now().Sub(s.tried) < sealAgain {
		return s.aead, s.aead != nil
	}
	ctx, cancel := context.WithTimeout(ctx, sealTime)
	defer cancel()
	aead, err := s.fetch(ctx)
	s.aead, s.tried = aead, s.now()
	s.told(err)
	return aead, err == nil
}

// fetch reads the key, or makes one and reads what came of it: another process may have been faster.
func (s *seal) fetch(ctx context.Context) (cipher.AEAD, error) {
	text, err := s.secrets.Get(ctx, sealSecret)
	if err != nil && fault.Of(err).Code == secretMissing {
		fresh := make([]byte, sealKey)
		_, _ = rand.Read(fresh) // never fails
		if err = s.secrets.Set(ctx, sealSecret, base64.StdEncoding.EncodeToString(fresh)); err == nil {
			text, err = s.secrets.Get(ctx, sealSecret)
		}
	}
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != sealKey {
		return nil, errors.New("the secret " + sealSecret + " is no key of 32 bytes in base64")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Seal implements ledger.Sealer.
func (s *seal) Seal(ctx context.Context, text string) (string, bool) {
	aead, ok := s.key(ctx)
	if !ok {
		return "", false
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(aead.Seal(nonce, nonce, []byte(text), nil)), true
}

// Open implements ledger.Sealer.
func (s *seal) Open(ctx context.Context, sealed string) (string, bool) {
	aead, ok := s.key(ctx)
	if !ok {
		return "", false
	}
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(b) < aead.NonceSize() {
		return "", false
	}
	text, err := aead.Open(nil, b[:aead.NonceSize()], b[aead.NonceSize():], nil)
	return string(text), err == nil
}

// unsealed tells in health that there is no key: then no text of Audit is kept for putting it back.
func (a *App) unsealed(err error) {
	var notes []health.Problem
	if err != nil {
		notes = append(notes, health.Problem{What: "seal.missing", Note: true, Count: 1,
			Say:  "Key Vault gives no key for sealing (" + sealSecret + "), so a wiped Audit cannot be put back",
			Mend: "let the app read and write the secret " + sealSecret + " in Key Vault"})
	}
	a.stand("seal", notes)
}
