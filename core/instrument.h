/*
 * instrument.h - is this a build that looks for wrong use of memory or threads?
 *
 * Such a build keeps its jail open, tells its children where to report to and is patient with what
 * ends slowly.  The compiler decides, never the environment: what is installed is none of them.
 */
#ifndef CORE_INSTRUMENT_H
#define CORE_INSTRUMENT_H

#ifndef __has_feature
#define __has_feature(x) 0
#endif

/* Built with SAN=...; its run-time needs terabytes of addresses and many more calls. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||       \
    __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define INSTRUMENT_SANITIZER 1
#else
#define INSTRUMENT_SANITIZER 0
#endif

/* Built with VALGRIND=1, to be run under it: it is the kernel of what it runs, with needs alike. */
#ifdef RUASTAT_VALGRIND
#define INSTRUMENT_VALGRIND 1
#else
#define INSTRUMENT_VALGRIND 0
#endif

#define INSTRUMENTED (INSTRUMENT_SANITIZER || INSTRUMENT_VALGRIND)

#endif
