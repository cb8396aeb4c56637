import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.StringJoiner;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQConnectionFactory;

/**
 * A requester as any Java enterprise writes it, which knows nothing of dermsbus: it sends one TextMessage with a
 * JMSCorrelationID and a temporary queue as JMSReplyTo over OpenWire, waits for the answer and prints what the JMS
 * provider made of it as one line of JSON.
 *
 * <p>Arguments: broker URL, user, password, queue, file with the body (UTF-8), correlation id, time-out in ms.
 * Exit status 4: no answer in time.
 */
public final class JmsPeer {
    private JmsPeer() {}

    public static void main(String[] args) throws Exception {
        String body = Files.readString(Path.of(args[4]), StandardCharsets.UTF_8);
        Connection connection = new ActiveMQConnectionFactory(args[1], args[2], args[0]).createConnection();
        try {
            connection.start();
            Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
            Message reply = request(session, session.createQueue(args[3]), body, args[5], Long.parseLong(args[6]));
            if (reply == null) {
                System.err.println("no reply within " + args[6] + " ms");
                System.exit(4);
            }
            System.out.println(describe(reply));
        } finally {
            connection.close();
        }
    }

    private static Message request(Session session, Queue queue, String body, String correlationId, long timeoutMs)
            throws JMSException {
        TemporaryQueue replies = session.createTemporaryQueue();
        TextMessage message = session.createTextMessage(body);
        message.setJMSReplyTo(replies);
        message.setJMSCorrelationID(correlationId);
        MessageProducer producer = session.createProducer(queue);
        producer.send(message);
        return session.createConsumer(replies).receive(timeoutMs);
    }

    private static String describe(Message message) throws JMSException {
        StringJoiner properties = new StringJoiner(",", "{", "}");
        for (Object name : Collections.list(message.getPropertyNames())) {
            properties.add(quote((String) name) + ":" + quote(message.getStringProperty((String) name)));
        }
        return new StringJoiner(",", "{", "}")
                .add("\"message_class\":" + quote(classOf(message)))
                .add("\"correlation_id\":" + quote(message.getJMSCorrelationID()))
                .add("\"jms_type\":" + quote(message.getJMSType()))
                .add("\"delivery_mode\":" + message.getJMSDeliveryMode())
                .add("\"properties\":" + properties)
                .add("\"body\":" + quote(bodyOf(message)))
                .toString();
    }

    private static String classOf(Message message) {
        return message instanceof TextMessage ? "TextMessage"
                : message instanceof BytesMessage ? "BytesMessage"
                : message.getClass().getSimpleName();
    }

    private static String bodyOf(Message message) throws JMSException {
        if (message instanceof TextMessage) {
            return ((TextMessage) message).getText();
        }
        if (message instanceof BytesMessage) {
            byte[] bytes = new byte[(int) ((BytesMessage) message).getBodyLength()];
            ((BytesMessage) message).readBytes(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
        return null;
    }

    private static String quote(String text) {
        if (text == null) {
            return "null";
        }
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            // everything that JSON must escape, and all that is not ASCII, so that no code page can spoil it
            json.append(c < ' ' || c > '~' || c == '"' || c == '\\' ? String.format("\\u%04x", (int) c) : c);
        }
        return json.append('"').toString();
    }
}
