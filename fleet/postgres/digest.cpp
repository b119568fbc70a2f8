#include "fleet/postgres/digest.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "fleet/error.hpp"

namespace fleet::postgres {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
  }
  void add(std::string_view bytes) { check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    check(EVP_DigestFinal_ex(context_.get(), digest.data(), &length));
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
      text += "0123456789abcdef"[digest[i] >> 4U];
      text += "0123456789abcdef"[digest[i] & 15U];
    }
    return text;
  }

 private:
  static void check(int worked) {
    if (worked != 1) throw Error{ErrorKind::failed, "libcrypto cannot compute SHA-256"};
  }
  struct Free {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

std::string sha256_file(std::string const& path) {
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file{std::fopen(path.c_str(), "rbe")};
  if (!file) throw Error{ErrorKind::io, "cannot read " + path + ": " + std::strerror(errno)};
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  std::vector<char> buffer(256 * 1024);
  Sha256 digest;
  while (std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get()))
    digest.add({buffer.data(), count});
  if (std::ferror(file.get()))
    throw Error{ErrorKind::io, "cannot read " + path + ": " + std::strerror(errno)};
  return digest.hex();
}

std::string random_token(std::size_t length) {
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string token;
  while (token.size() < length) {
    unsigned char byte = 0;
    if (RAND_bytes(&byte, 1) != 1) throw Error{ErrorKind::failed, "libcrypto has no randomness to give"};
    // 248 = 4 × 62: bytes above would make the first letters likelier.
    if (byte < 248) token += letters[byte % letters.size()];
  }
  return token;
}

}  // namespace fleet::postgres
