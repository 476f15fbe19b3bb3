package queue

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestLookSaysHowAQueueIs(t *testing.T) {
	s := open(t, broker.ConnectionString())
	for name, want := range map[Name]State{
		ReferralWanted:   {Sessions: true, Lock: time.Minute},
		SolutionsChanged: {Missing: true},
		plainQueue:       {},
		shortQueue:       {Sessions: true, Lock: 5 * time.Second},
	} {
		got, err := s.Look(t.Context(), name)
		if off := (got.Lock - want.Lock).Abs(); err != nil || got.Missing != want.Missing || got.Sessions != want.Sessions || off > 2*time.Second {
			t.Errorf("%s: %+v %v, want %+v", name, got, err, want)
		}
	}
}

func TestLookCountsDeadLetters(t *testing.T) {
	s := open(t, broker.ConnectionString())
	client, err := azservicebus.NewClientFromConnectionString(broker.ConnectionString(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close(context.Background()) }()
	sender, err := client.NewSender(shortQueue, nil)
	if err != nil {
		t.Fatal(err)
	}
	session := "s"
	if err := sender.SendMessage(t.Context(), &azservicebus.Message{Body: []byte("x"), SessionID: &session}, nil); err != nil {
		t.Fatal(err)
	}
	r, err := client.AcceptSessionForQueue(t.Context(), shortQueue, session, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.ReceiveMessages(t.Context(), 1, nil)
	if err != nil || r.DeadLetterMessage(t.Context(), got[0], nil) != nil {
		t.Fatal(err)
	}
	if got, err := s.Look(t.Context(), shortQueue); err != nil || got.Dead != 1 || time.Since(got.Oldest) > time.Minute {
		t.Errorf("%+v %v", got, err)
	}
}

func TestLookWithoutTheRightIsDenied(t *testing.T) {
	known, _, _ := strings.Cut(broker.ConnectionString(), "SharedAccessKey=")
	s := open(t, known+"SharedAccessKey=d3Jvbmc=;UseDevelopmentEmulator=true")
	if _, err := s.Look(t.Context(), ReferralChanged); !fault.Is(err, fault.Denied) || fault.Of(err).Mend == "" {
		t.Errorf("%v", err)
	}
}
