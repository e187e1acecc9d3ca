/* water-map: which pixels of a Sentinel-2 tile are water, by the rules of the Dynamic Surface Water Extent product.
 *
 * Rules and thresholds: J. W. Jones, Remote Sensing 11 (2019) 374, doi 10.3390/rs11040374, as used by the U.S. Geological
 * Survey. Five tests on six bands; four or five passed is "water, high confidence". They were not tuned on our tile.
 * Everything is integer arithmetic: a ratio a/b > t is tested as a * 1000 > t * 1000 * b (b > 0).
 *
 * Input   .npy, '<u2', C order, (rows, columns, 6): reflectance x 10000; blue, green, red, NIR, SWIR16, SWIR22.
 * Output  "OWM1", u16 rows, u16 columns, u32[6] pixels that passed 0..5 tests, then the mask row by row as runs: LEB128
 *         lengths, alternating land and water, land first (its first run may be 0). Little endian.
 *
 * ABI: see src/orbitalcloud/compute/wasm_runtime.py. Freestanding: no libc, no imports. Built by tools/make_wasm.py.
 */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef long long i64;
typedef unsigned long long u64;

#define PAGE 65536u
#define BANDS 6u
#define EXPORT(name) __attribute__((export_name(name), visibility("default")))

extern u8 __heap_base;
static u32 top;

EXPORT("alloc") u32 alloc(u32 size) {
    if (!top) top = ((u32)&__heap_base + 15u) & ~15u;
    u64 end = (u64)top + size;
    u64 have = (u64)__builtin_wasm_memory_size(0) * PAGE;
    if (end > have && __builtin_wasm_memory_grow(0, (u32)((end - have + PAGE - 1) / PAGE)) == (unsigned long)-1) return 0;
    u32 at = top;
    top = (u32)((end + 15u) & ~15ull);
    return at;
}

static u32 little16(const u8 *p) { return p[0] | (u32)p[1] << 8; }

static u32 find(const u8 *text, u32 size, const char *word) {
    for (u32 i = 0; i < size; i++) {
        u32 k = 0;
        while (word[k] && i + k < size && text[i + k] == (u8)word[k]) k++;
        if (!word[k]) return i + k;
    }
    __builtin_trap(); /* not the tile that was promised */
}

static u32 number(const u8 *text, u32 size, u32 *at) {
    u32 value = 0;
    while (*at < size && (text[*at] < '0' || text[*at] > '9')) (*at)++;
    while (*at < size && text[*at] >= '0' && text[*at] <= '9' && value < 65536u) value = value * 10 + (text[(*at)++] - '0');
    return value;
}

/* How many of the five tests a pixel passes. */
static u32 tests(const u8 *pixel) {
    i32 b = (i32)little16(pixel), g = (i32)little16(pixel + 2), r = (i32)little16(pixel + 4);
    i32 n = (i32)little16(pixel + 6), s1 = (i32)little16(pixel + 8), s2 = (i32)little16(pixel + 10);
    i32 wet = 1000 * (g - s1), sum = g + s1;             /* MNDWI = wet / 1000 / sum */
    u32 passed = 0;
    passed += sum > 0 && wet > 124 * sum;                                                    /* MNDWI > 0.124 */
    passed += g + r > n + s1;                                                                /* MBSRV > MBSRN */
    passed += 4 * b + 10 * g - 6 * (n + s1) - s2 > 0;                                        /* AWESH > 0 */
    passed += sum > 0 && wet > -440 * sum && s1 < 900 && n < 1500 && 10 * (n - r) < 7 * (n + r);
    passed += sum > 0 && wet > -500 * sum && b < 1000 && s1 < 3000 && s2 < 1000 && n < 2500;
    return passed;
}

static u8 *leb128(u8 *out, u32 value) {
    while (value >= 128u) {
        *out++ = (u8)(value | 128u);
        value >>= 7;
    }
    *out++ = (u8)value;
    return out;
}

static u8 *put32(u8 *out, u32 value) {
    for (u32 i = 0; i < 4; i++) *out++ = (u8)(value >> 8 * i);
    return out;
}

EXPORT("run") i64 run(const u8 *data, u32 size) {
    if (size < 12 || data[0] != 0x93 || data[6] != 1) __builtin_trap();
    u32 header = 10 + little16(data + 8);
    if (header > size) __builtin_trap();
    find(data, header, "'<u2'");
    find(data, header, "'fortran_order': False");
    u32 at = find(data, header, "'shape': (");
    u32 rows = number(data, header, &at), columns = number(data, header, &at), bands = number(data, header, &at);
    if (!rows || !columns || rows > 65535u || columns > 65535u || bands != BANDS) __builtin_trap();
    if ((u64)rows * columns * BANDS * 2 != size - header) __builtin_trap();

    u32 pixels = rows * columns;
    u8 *start = (u8 *)alloc(32 + pixels + 8); /* a run of one pixel takes one byte: never more bytes than pixels, plus one */
    if (!start) __builtin_trap();
    u32 passed[6] = {0, 0, 0, 0, 0, 0};
    u8 *out = start + 32;
    u32 water = 0, length = 0;
    const u8 *pixel = data + header;
    for (u32 i = 0; i < pixels; i++, pixel += 2 * BANDS) {
        u32 score = tests(pixel);
        passed[score]++;
        u32 wet = score >= 4;
        if (wet != water) {
            out = leb128(out, length);
            water = wet;
            length = 0;
        }
        length++;
    }
    out = leb128(out, length);

    start[0] = 'O', start[1] = 'W', start[2] = 'M', start[3] = '1';
    start[4] = (u8)rows, start[5] = (u8)(rows >> 8), start[6] = (u8)columns, start[7] = (u8)(columns >> 8);
    u8 *counts = start + 8;
    for (u32 i = 0; i < 6; i++) counts = put32(counts, passed[i]);
    return (i64)((u64)(u32)start << 32 | (u64)(u32)(out - start));
}
