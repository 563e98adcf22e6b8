/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one accepted connection: it reads a request, waits the latency, sends
 * the answer, and begins again. Pipelined requests wait in the input buffer
 * and are answered one by one, in order.
 * Life cycle: made by the listener, freed by itself; sim_conn_free_all() at
 * the end of the process.
 * Limits: SIM_HEAD_MAX + SIM_BODY_MAX bytes of input besides the body in hand
 * (SIM_UPLOAD_MAX), SIM_OUTPUT_MAX of output besides a shared blob.
 */
#ifndef SIM_CONN_H
#define SIM_CONN_H

#include <zlib.h>

#include "chunks.h"
#include "server.h"

#define SIM_OUTPUT_MAX (256 << 10)
#define SIM_SLICE (32 << 10)

enum sim_conn_state {
    SIM_CONN_READING, /* collects a request */
    SIM_CONN_WAITING, /* holds the answer back for the latency */
    SIM_CONN_SENDING,
    SIM_CONN_STALLED,   /* says nothing more, until the client goes */
    SIM_CONN_LINGERING, /* has sent FIN, waits for the client's */
};

/* The body on its way: where it comes from is the answer's; here is how far
   it has got and how it is to go wrong. */
struct sim_sender {
    struct sim_text slice;
    struct sim_text packed;
    z_stream deflate;
    bool deflating;
    bool chunked;
    bool until_close;
    bool finished; /* all that will be sent is in the output buffer */
    bool spoilt;
    bool broken; /* a wire fault has struck: what follows is its end */
    size_t blob_at;
    uint64_t plain;   /* bytes of body before compression */
    uint64_t sent;    /* bytes of body after it */
    uint64_t stop_at; /* the wire fault strikes here */
    size_t piece;     /* bytes per tick of a slow body, else 0 */
};

struct sim_conn {
    struct sim_server *server;
    struct sim_conn *next;
    struct sim_conn *prev;
    struct bufferevent *bev;
    struct event *timer;
    enum sim_conn_state state;
    struct sim_text head; /* of the request in hand; it points in here */
    struct sim_text body;
    struct sim_chunks chunks; /* of a body in chunks */
    bool headed;              /* the head is taken, the body isn't whole yet */
    struct sim_request request;
    struct sim_answer answer;
    struct sim_sender sender;
    bool counted;      /* the request in hand is under /api */
    bool ever_counted; /* the connection is in the statistics */
    bool close_after;
};

/* Takes the socket. */
void sim_conn_open(struct sim_server *server, evutil_socket_t fd);
void sim_conn_free_all(struct sim_server *server);

/* True while the body of a PUT to the same host and target is arriving on
   another connection. */
bool sim_conn_is_written(const struct sim_server *server,
                         const struct sim_request *request);

/* Begins to send conn->answer; the rest follows from write events. */
void sim_send_start(struct sim_conn *conn);

/* More of the body, after the output has drained or a tick has come. */
void sim_send_more(struct sim_conn *conn);
void sim_send_fini(struct sim_sender *sender);

/* The kind of fault on this answer, SIM_FAULT_NONE if there is none. */
enum sim_fault_kind sim_conn_fault(const struct sim_conn *conn);

/* Sets the connection's one timer. */
void sim_conn_wake_in(struct sim_conn *conn, int64_t ms);

#endif
