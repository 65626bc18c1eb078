package logpubsub_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/logpubsub"
)

// Two events are appended to a new stream, a third one by somebody who has not
// seen the second; then the whole stream is read.
func Example() {
	log := memory.New() // or any other engine behind the port
	defer log.Close()
	publisher := logpubsub.NewPublisher(log, logpubsub.PublisherOptions{})
	defer publisher.Close()

	event := func(what, data string) *message.Message {
		msg := message.NewMessage(uuid.NewString(), []byte(data))
		msg.Metadata.Set(logpubsub.MetaType, what)
		msg.Metadata.Set("author", "counter 3")
		return msg
	}
	opened, paid := event("account.opened", `{"owner":7}`), event("account.paid_in", `{"amount":5}`)
	logpubsub.Expect(eventlog.NoStream, opened, paid)
	fmt.Println("published:", publisher.Publish("account-1", opened, paid))

	late := event("account.closed", `{}`)
	logpubsub.Expect(0, late)
	var conflict *eventlog.ConflictError
	if err := publisher.Publish("account-1", late); errors.As(err, &conflict) {
		fmt.Println("refused: the stream is at revision", conflict.Actual)
	}

	positions := &logpubsub.Memory{} // a store on disk goes on after a restart
	subscriber := logpubsub.NewSubscriber(log, logpubsub.Options{Checkpoints: positions})
	defer subscriber.Close()
	messages, err := subscriber.Subscribe(context.Background(), "account-1")
	if err != nil {
		panic(err)
	}
	for range 2 {
		msg := <-messages
		fmt.Println(msg.Metadata.Get(logpubsub.MetaRevision), msg.Metadata.Get(logpubsub.MetaType), msg.Metadata.Get("author"), string(msg.Payload))
		msg.Ack()
	}
	// Output:
	// published: <nil>
	// refused: the stream is at revision 1
	// 0 account.opened counter 3 {"owner":7}
	// 1 account.paid_in counter 3 {"amount":5}
}
