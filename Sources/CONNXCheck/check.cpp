#include "CONNXCheck.h"
