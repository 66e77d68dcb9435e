/*
 * notify.h: tells the service manager how it goes (sd_notify(3)): ready, stopping, still alive.
 *
 * Nothing is told where no manager listens, and nothing depends on its being heard.
 */
#ifndef ROWHOUSE_NOTIFY_H
#define ROWHOUSE_NOTIFY_H

/* "READY=1", "STOPPING=1", "WATCHDOG=1". */
void notify(const char *state);

#endif
